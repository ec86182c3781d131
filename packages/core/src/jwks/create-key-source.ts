import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { RemoteKeySet } from './remote.ts'
import { LocalKeySet } from './local.ts'
import type { KeySource } from './key-source.ts'

/** Creates the key source of an issuer: local if the option `jwks` is set, otherwise remote. */
export function createKeySource(issuer: IssuerPolicy, policy: Policy): KeySource {
  return issuer.jwks ? new LocalKeySet(issuer.jwks.keys, issuer) : new RemoteKeySet(issuer, policy)
}
