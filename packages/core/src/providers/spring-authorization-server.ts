import type { ProviderIssuer } from '../options/options.ts'
import { springHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * Spring Authorization Server, by its issuer URL.
 *
 * Not guaranteed: that `aud` holds this service. By default it is the id of the client that asked,
 * and the parameters `resource` and `audience` of an exchange are ignored; a token customizer mends
 * both. No claim names the client unless a customizer adds `client_id`.
 */
export function springAuthorizationServer(issuer: string): ProviderIssuer {
  return { issuer, profile }
}

const profile: Profile = {
  name: 'spring-authorization-server',
  // None unless a customizer sets one: JwtGenerator.java in
  // https://github.com/spring-projects/spring-security
  types: [undefined, 'at+jwt', 'application/at+jwt', 'jwt'],
  clientClaims: ['client_id', 'azp'],
  scopeClaims: ['scope'],
  // Same file: an ID token has jti, but no nbf. Both have the client's id in aud.
  requiredClaims: ['nbf', 'jti'],
  ignoredAudiences: [],
  // What the guides' customizers write:
  // https://docs.spring.io/spring-authorization-server/reference/guides/how-to-custom-claims-authorities.html
  roles: [{ path: ['roles'] }],
  permissions: [{ path: ['authorities'] }],
  hints: springHints,
}
