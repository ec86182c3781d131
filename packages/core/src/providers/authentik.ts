import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'

/**
 * An authentik application, identified by its issuer URL, including the trailing slash. The audience is the client ID
 * of the application's provider.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { authentik } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: authentik('https://authentik.example.com/application/o/shop/'),
 *   audience: 'WxYz0123456789',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function authentik(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('authentik(url)', more)
  return { issuer, profile }
}

const profile: Profile = {
  name: 'authentik',
  types: ['jwt', 'at+jwt'],
  clientClaims: ['azp'],
  scopeClaims: ['scope'],
  // An access token is an ID token with these two claims added: authentik/providers/oauth2/id_token.py in
  // https://github.com/goauthentik/authentik
  requiredClaims: ['azp', 'uid'],
  // azp equals aud, and uid is only in access tokens.
  acceptUnmarked: true,
  // Not nonce, which is copied from the ID token.
  forbiddenClaims: ['at_hash', 'c_hash', 's_hash', 'events'],
  ignoredAudiences: [],
  // https://docs.goauthentik.io/add-secure-apps/providers/oauth2/
  roles: [{ path: ['groups'] }],
  discovery: 'openid',
}
