import { checkedProfile } from '../options/check-profile.ts'
import { allHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * The profile that applies if only the issuer's URL is configured. It accepts the default tokens of every
 * supported provider; the profile of a single provider is stricter. It is frozen. Change it with `extend`.
 *
 * @example
 * import { createVerifier, defaultProfile, extend } from '@resource-server/core'
 *
 * export const verifier = createVerifier({
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   profile: extend(defaultProfile, { clientClaims: ['app_id'] }),
 * })
 */
export const defaultProfile: Profile = /* @__PURE__ */ checkedProfile({
  name: 'default',
  types: ['at+jwt', 'application/at+jwt', 'jwt', undefined],
  clientClaims: ['client_id', 'azp', 'cid', 'appid'],
  scopeClaims: ['scope', 'scp'],
  requiredClaims: [],
  ignoredAudiences: [],
  hints: allHints,
})
