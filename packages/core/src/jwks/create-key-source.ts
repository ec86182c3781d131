import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { FetchedKeys } from './remote.ts'
import { FixedKeys } from './local.ts'
import type { KeySource } from './key-source.ts'

export function createKeySource(issuer: IssuerPolicy, policy: Policy): KeySource {
  return issuer.jwks ? new FixedKeys(issuer.jwks.keys, issuer) : new FetchedKeys(issuer, policy)
}
