import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { RemoteKeySet } from './remote.ts'
import { LocalKeySet } from './local.ts'
import type { KeySource } from './key-source.ts'

/** The keys of an issuer are refreshed only while tokens need them. */
export type RefreshMode = 'while used'

/**
 * Creates the key source of an issuer: local if the option `jwks` is set, otherwise remote.
 *
 * @param mode without it, the keys are always refreshed
 */
export function createKeySource(
  issuer: IssuerPolicy,
  policy: Policy,
  mode?: RefreshMode,
): KeySource {
  if (issuer.jwks) return new LocalKeySet(issuer.jwks.keys, issuer)
  return new RemoteKeySet(issuer, policy, mode)
}
