import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { springHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * Spring Authorization Server, identified by its issuer URL.
 *
 * By default, `aud` does not contain this service. It contains the ID of the client that requested the
 * token, and the parameters `resource` and `audience` of a token exchange are ignored. A token
 * customizer can set `aud`. Tokens have no client ID unless a customizer adds `client_id`.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { springAuthorizationServer } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: springAuthorizationServer('https://as.example.com'),
 *   audience: 'order-service',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function springAuthorizationServer(
  issuer: string,
  ...more: readonly never[]
): ProviderIssuer {
  noMoreArguments('springAuthorizationServer(url)', more)
  return { issuer, profile }
}

const profile: Profile = {
  name: 'spring-authorization-server',
  // There is no typ unless a customizer sets it: JwtGenerator.java in
  // https://github.com/spring-projects/spring-security
  types: [undefined, 'at+jwt', 'application/at+jwt', 'jwt'],
  clientClaims: ['client_id', 'azp'],
  scopeClaims: ['scope'],
  // ID tokens have jti but not nbf; same file. In both kinds of tokens, aud is the client ID.
  requiredClaims: ['nbf', 'jti'],
  acceptUnmarked: true,
  ignoredAudiences: [],
  // The claims that the customizers in the guides write:
  // https://docs.spring.io/spring-authorization-server/reference/guides/how-to-custom-claims-authorities.html
  roles: [{ path: ['roles'] }],
  permissions: [{ path: ['authorities'] }],
  hints: springHints,
}
