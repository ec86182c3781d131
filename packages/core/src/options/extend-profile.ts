import { ConfigError } from '../errors/refusal.ts'
import { isJsonObject } from '../lib/json.ts'
import { checkedProfile } from './check-profile.ts'
import { ownOptions } from './option-table.ts'
import type { ProviderIssuer } from './options.ts'
import type { Profile } from './profile.ts'

const fix =
  "Write extend(defaultProfile, { scopeClaims: ['permissions'] }) or extend(keycloak(url), …)."

/**
 * A copy of a profile with some members replaced. Given the result of a provider function, such as
 * `keycloak(url)`, returns that issuer with the extended profile. The result is frozen.
 *
 * A member replaces the base's member. Lists are not merged, so repeat the entries that still apply. If you
 * replace `requiredClaims`, `expectedClaims`, or `forbiddenClaims`, make sure that ID tokens are still
 * refused.
 *
 * @throws ConfigError if a member is unknown, `undefined`, or of the wrong type
 *
 * @example
 * import { createVerifier, defaultProfile, extend } from '@resource-server/core'
 *
 * export const verifier = createVerifier({
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   profile: extend(defaultProfile, { scopeClaims: ['permissions', 'scope'] }),
 * })
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { extend, keycloak } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: extend(keycloak('https://keycloak.example.com/realms/shop'), {
 *     permissions: [{ path: ['permissions'] }],
 *   }),
 *   audience: 'order-service',
 * })
 */
export function extend<Base extends Profile | ProviderIssuer>(
  base: Base,
  changes: Partial<Profile>,
): Base
export function extend(base: unknown, changes: unknown): unknown {
  const members = ownOptions(changes, 'profile member', fix)
  if (!isJsonObject(base)) {
    throw new ConfigError(
      'extend() needs a profile, or the result of a provider function, as its first argument.',
      fix,
    )
  }
  if (!Object.hasOwn(base, 'profile')) return checkedProfile({ ...base, ...members })
  const profile = checkedProfile({ ...(base['profile'] as object), ...members })
  return Object.freeze({ ...base, profile })
}
