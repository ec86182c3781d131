import type { ProviderIssuer } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'

/**
 * An application of authentik, such as `https://authentik.example.com/application/o/shop/`, with its
 * slash. The audience is a client id.
 */
export function authentik(issuer: string): ProviderIssuer {
  return { issuer, profile }
}

const profile: Profile = {
  name: 'authentik',
  types: ['jwt', 'at+jwt'],
  clientClaims: ['azp'],
  scopeClaims: ['scope'],
  // An access token is an ID token with these two added: authentik/providers/oauth2/id_token.py in
  // https://github.com/goauthentik/authentik
  requiredClaims: ['azp', 'uid'],
  // Not nonce, which is copied with the rest.
  forbiddenClaims: ['at_hash', 'c_hash', 's_hash', 'events'],
  ignoredAudiences: [],
  // https://docs.goauthentik.io/add-secure-apps/providers/oauth2/
  roles: [{ path: ['groups'] }],
  discovery: 'openid',
}
