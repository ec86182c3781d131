import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { auth0Hints, auth0Opaque } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * An Auth0 tenant, identified by its domain or custom domain. Adds `https://` and the trailing slash of the issuer.
 * The audience is the identifier of the API.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { auth0 } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: auth0('shop.eu.auth0.com'),
 *   audience: 'https://orders.example.com',
 * })
 *
 * @throws ConfigError if the argument is not a domain name, or if there is a second argument
 */
export function auth0(domain: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('auth0(domain)', more)
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain)) {
    throw new ConfigError(
      `'${domain}' is not a domain name.`,
      "Write auth0('shop.eu.auth0.com'), without https:// and without a slash.",
    )
  }
  const issuer = `https://${domain}/`
  return { issuer, profile: profileOf(issuer) }
}

const profileOf = (issuer: string): Profile => ({
  name: 'auth0',
  // The RFC 9068 token profile has at+jwt and client_id. Auth0's own profile has JWT and azp:
  // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
  types: ['jwt', 'at+jwt'],
  clientClaims: ['azp', 'client_id'],
  requiredClaims: [['azp', 'client_id']],
  scopeClaims: ['scope'],
  // Auth0 adds this audience if the client requested the scope openid; same page.
  ignoredAudiences: [`${issuer}userinfo`],
  // With RBAC and "Add Permissions in the Access Token":
  // https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis
  permissions: [{ path: ['permissions'] }],
  discovery: 'openid',
  hints: [...auth0Hints, auth0Opaque],
})
