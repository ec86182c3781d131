import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'

/**
 * WSO2 Identity Server or Asgardeo, identified by its issuer URL. Set the access token type of the application to
 * JWT.
 *
 * By default, `aud` does not contain this service. It is the ID of the client that requested the token.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { wso2 } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: wso2('https://api.asgardeo.io/t/shop/oauth2/token'),
 *   audience: 'order-service',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function wso2(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('wso2(url)', more)
  return { issuer, profile }
}

const profile: Profile = {
  name: 'wso2',
  types: ['at+jwt', 'jwt'],
  clientClaims: ['client_id'],
  // A string, or a list if the server is configured that way: https://wso2.com/jwt-scope-array-format/
  scopeClaims: ['scope'],
  // ID tokens have azp instead of client_id: https://wso2.com/asgardeo/docs/references/tokens/id-tokens/
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
  // Present if the application requests this attribute.
  roles: [{ path: ['roles'] }],
  discovery: 'openid',
}
