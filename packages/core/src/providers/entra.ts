import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { entraHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** Whose tokens, and of which version. */
export interface EntraOptions {
  /** The id of the tenant (a GUID), as in the tokens' `tid`. */
  readonly tenant: string
  /**
   * Default 2. Which one an API gets is set in its app registration
   * (`api.requestedAccessTokenVersion`), not by the endpoint that the client used.
   */
  readonly version?: 1 | 2
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * A tenant of Microsoft Entra ID (Azure AD). In version 2 the audience is the API's client id, in
 * version 1 the client id or the application id URI. Entra's on-behalf-of flow writes no `act`.
 *
 * @throws ConfigError for a tenant that is no GUID: no token says `common` or a domain in its `iss`
 */
export function entra({ tenant, version = 2 }: EntraOptions): ProviderIssuer {
  if (!guid.test(tenant)) {
    throw new ConfigError(
      `'${tenant}' is no tenant id.`,
      'Write the GUID in small letters, as in the tokens (tid); a name, common and organizations never stand there.',
    )
  }
  return { issuer: issuers[version](tenant), profile: profileOf(tenant, version) }
}

// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
const issuers = {
  1: (tenant: string): string => `https://sts.windows.net/${tenant}/`,
  2: (tenant: string): string => `https://login.microsoftonline.com/${tenant}/v2.0`,
}

const profileOf = (tenant: string, version: 1 | 2): Profile => ({
  name: 'entra',
  types: ['jwt'],
  clientClaims: version === 1 ? ['appid'] : ['azp'],
  // ID tokens name no client; same page.
  requiredClaims: version === 1 ? ['appid'] : ['azp'],
  expectedClaims: { ver: [`${version}.0`], tid: [tenant] },
  scopeClaims: ['scp'],
  ignoredAudiences: [],
  // App roles, of users and of applications; same page.
  roles: [{ path: ['roles'] }],
  // One set of keys for all tenants: EnableAadSigningKeyIssuerValidation in
  // https://learn.microsoft.com/dotnet/api/microsoft.identitymodel.validators
  ...(version === 2 && { keyIssuerPlaceholder: '{tenantid}' }),
  discovery: 'openid',
  hints: entraHints,
})
