import type { ProviderIssuer } from '../options/options.ts'
import { zitadelOpaque } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * A ZITADEL instance, by its URL; its applications must be set to JWT access tokens. The audience is
 * the id of a project. Scopes are not written into the tokens.
 */
export function zitadel(issuer: string): ProviderIssuer {
  return { issuer, profile }
}

const profile: Profile = {
  name: 'zitadel',
  types: ['jwt', 'at+jwt', undefined],
  // Which claim stands in which token: https://zitadel.com/docs/apis/openidoauth/claims
  clientClaims: ['azp', 'client_id'],
  scopeClaims: ['scope'],
  // Same table: ID tokens have none.
  requiredClaims: ['jti'],
  ignoredAudiences: [],
  // An object by role: https://zitadel.com/docs/guides/integrate/retrieve-user-roles
  roles: [{ path: ['urn:zitadel:iam:org:project:roles'], format: 'keys' }],
  discovery: 'openid',
  hints: [zitadelOpaque],
}
