import { kindOf, noMoreArguments, type OptionTable, readOptions } from '../options/option-table.ts'
import { textOption } from '../options/option-rows.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { entraHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** The options of {@link entra}. */
export interface EntraOptions {
  /** The ID of the tenant: a GUID in lowercase, as in the `tid` of its tokens. */
  readonly tenant: string
  /**
   * The version of the access tokens. It depends on `api.requestedAccessTokenVersion` in the app
   * registration of the API, not on the endpoint that the client uses. Default 2.
   */
  readonly version?: 1 | 2
}

const example = '11111111-2222-4333-8444-555555555555'

/** Also documented in the README. */
export const entraOptions: OptionTable<EntraOptions, Required<EntraOptions>> = {
  tenant: textOption(example, 'The ID of the tenant: a GUID in lowercase.'),
  version: {
    default: 2,
    defaultText: '`2`',
    range: '`1`, `2`',
    description: 'The version of the access tokens.',
    read: (value) => {
      if (value === 1 || value === 2) return value
      throw new ConfigError(
        `'version' must be 1 or 2, got ${typeof value === 'number' ? value : kindOf(value)}.`,
        'Pass 1 or 2, as a number, or leave it out for version 2.',
      )
    },
  },
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * A tenant of Microsoft Entra ID (formerly Azure AD). The audience is the client ID of the API. In version 1
 * it can also be the application ID URI.
 *
 * A token without an actor may still have been exchanged, because Entra's on-behalf-of flow does not write
 * `act`.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { entra } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: entra({ tenant: '11111111-2222-4333-8444-555555555555' }),
 *   audience: '66666666-7777-4888-9999-000000000000',
 * })
 *
 * @throws ConfigError if `tenant` is not a GUID in lowercase (for example, if it is `common` or a domain name), if
 * `version` is not 1 or 2, or if an option is unknown
 */
export function entra(options: EntraOptions, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('entra(options)', more)
  const fix = `Write entra({ tenant: '${example}' }).`
  const { tenant, version } = readOptions(entraOptions, options, 'entra option', undefined, fix)
  if (!guid.test(tenant)) {
    throw new ConfigError(
      `'${tenant}' is not a tenant ID.`,
      "Pass the GUID in lowercase, as in the tid claim of the tokens. Domain names, 'common' and 'organizations' are not supported.",
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
  // ID tokens do not have this claim; same page.
  requiredClaims: version === 1 ? ['appid'] : ['azp'],
  // An app that requests a token for itself gets one whose azp equals aud.
  acceptUnmarked: true,
  expectedClaims: { ver: [`${version}.0`], tid: [tenant] },
  scopeClaims: ['scp'],
  ignoredAudiences: [],
  // App roles, of users and of applications; same page.
  roles: [{ path: ['roles'] }],
  // All tenants share one key set: EnableAadSigningKeyIssuerValidation in
  // https://learn.microsoft.com/dotnet/api/microsoft.identitymodel.validators
  ...(version === 2 && { keyIssuerPlaceholder: '{tenantid}' }),
  discovery: 'openid',
  hints: entraHints,
})
