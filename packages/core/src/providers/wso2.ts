import type { ProviderIssuer } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'

/**
 * WSO2 Identity Server or Asgardeo, with JWT access tokens: `https://…/oauth2/token`. By default the
 * audience is the id of the client that asked.
 */
export function wso2(issuer: string): ProviderIssuer {
  return { issuer, profile }
}

const profile: Profile = {
  name: 'wso2',
  types: ['at+jwt', 'jwt'],
  clientClaims: ['client_id'],
  // A string, or a list where so configured: https://wso2.com/jwt-scope-array-format/
  scopeClaims: ['scope'],
  // ID tokens have azp instead: https://wso2.com/asgardeo/docs/references/tokens/id-tokens/
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
  // Where the application asks for this attribute.
  roles: [{ path: ['roles'] }],
  discovery: 'openid',
}
