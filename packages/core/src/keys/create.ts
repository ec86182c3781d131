import type { IssuerPolicy, Policy } from '../policy.ts'
import { FetchedKeys } from './fetched-keys.ts'
import { FixedKeys } from './fixed-keys.ts'
import type { KeySource } from './source.ts'

export function createKeySource(issuer: IssuerPolicy, policy: Policy): KeySource {
  return issuer.jwks ? new FixedKeys(issuer.jwks.keys, issuer) : new FetchedKeys(issuer, policy)
}
