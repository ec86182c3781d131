import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { auth0Hints, auth0Opaque } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * An Auth0 tenant, by its domain: `auth0('shop.eu.auth0.com')`, or a custom domain. The audience is the
 * API's identifier. Writes the slash at the end, which Auth0's issuers have.
 *
 * @throws ConfigError for anything but a domain
 */
export function auth0(domain: string): ProviderIssuer {
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain)) {
    throw new ConfigError(
      `'${domain}' is no domain.`,
      "Write auth0('shop.eu.auth0.com'): without https:// and without a slash.",
    )
  }
  const issuer = `https://${domain}/`
  return { issuer, profile: profileOf(issuer) }
}

const profileOf = (issuer: string): Profile => ({
  name: 'auth0',
  // at+jwt and client_id in the RFC 9068 profile, JWT and azp in Auth0's own:
  // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
  types: ['jwt', 'at+jwt'],
  clientClaims: ['azp', 'client_id'],
  requiredClaims: [['azp', 'client_id']],
  scopeClaims: ['scope'],
  // PrivateSlot the API where the scope openid was asked for; same page.
  ignoredAudiences: [`${issuer}userinfo`],
  // With RBAC and "Add Permissions in the Access Token":
  // https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis
  permissions: [{ path: ['permissions'] }],
  discovery: 'openid',
  hints: [...auth0Hints, auth0Opaque],
})
