import type { ProviderIssuer } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'

/**
 * node oidc-provider with `accessTokenFormat: 'jwt'`, whose tokens follow RFC 9068. It has no token
 * exchange of its own: `act` is what the grant handler writes.
 */
export function oidcProvider(issuer: string): ProviderIssuer {
  return { issuer, profile }
}

// https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#featuresresourceindicators
const profile: Profile = {
  name: 'oidc-provider',
  types: ['at+jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
}
