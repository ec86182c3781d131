import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { scopeHint, zitadelOpaque } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * A ZITADEL instance, identified by its URL. Set the token type of your applications to JWT, because by default their
 * access tokens are opaque. The audience is the ID of a project. Tokens do not contain scopes.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { zitadel } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: zitadel('https://shop-abc123.zitadel.cloud'),
 *   audience: '265379523456789012',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function zitadel(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('zitadel(url)', more)
  return { issuer, profile }
}

const profile: Profile = {
  name: 'zitadel',
  types: ['jwt', 'at+jwt', undefined],
  // The claims of each kind of token: https://zitadel.com/docs/apis/openidoauth/claims
  clientClaims: ['azp', 'client_id'],
  scopeClaims: ['scope'],
  // ID tokens do not have jti; same page.
  requiredClaims: ['jti'],
  acceptUnmarked: true,
  ignoredAudiences: [],
  // An object whose keys are the roles: https://zitadel.com/docs/guides/integrate/retrieve-user-roles
  roles: [{ path: ['urn:zitadel:iam:org:project:roles'], format: 'keys' }],
  discovery: 'openid',
  hints: [zitadelOpaque, scopeHint],
}
