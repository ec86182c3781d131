import { kindOf, noMoreArguments, type OptionTable, readOptions } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { keycloakHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** The options of {@link keycloak}. */
export interface KeycloakOptions {
  /**
   * The ID of the client whose roles `requireRole` checks. If set, realm roles are not checked, because a
   * realm role and a client role may have the same name. Default: the roles of the realm.
   */
  readonly rolesOf?: string
}

/** Also documented in the README. */
export const keycloakOptions: OptionTable<
  KeycloakOptions,
  { readonly rolesOf: string | undefined }
> = {
  rolesOf: {
    default: undefined,
    defaultText: 'the roles of the realm',
    range: '',
    description: 'The ID of the client whose roles are read.',
    read: (value) => {
      if (typeof value === 'string' && value !== '') return value
      throw new ConfigError(
        `'rolesOf' must be a client ID, got ${value === '' ? 'an empty string' : kindOf(value)}.`,
        'Set it to a client ID (is an environment variable missing?), or omit it for the roles of the realm.',
      )
    },
  },
}

/**
 * A realm of Keycloak 24 or later, identified by its issuer URL.
 *
 * For `aud` to contain this service, Keycloak needs an audience mapper. A token without an actor may still
 * have been exchanged, because standard token exchange does not write `act`. The client that exchanged the
 * token is in `azp`.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { keycloak } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: keycloak('https://keycloak.example.com/realms/shop'),
 *   audience: 'order-service',
 * })
 *
 * @throws ConfigError if the URL is not that of a realm, if an option is unknown, or if `rolesOf` is present but
 * not a client ID
 */
export function keycloak(
  url: string,
  options: KeycloakOptions = {},
  ...more: readonly never[]
): ProviderIssuer {
  noMoreArguments('keycloak(url, options)', more)
  if (!/\/realms\/[^/]+$/.test(url)) {
    throw new ConfigError(
      `'${url}' is not the URL of a Keycloak realm.`,
      "Write keycloak('https://…/realms/<realm>'), without a trailing slash.",
    )
  }
  const fix = "Write keycloak(url), or keycloak(url, { rolesOf: 'order-service' })."
  const { rolesOf } = readOptions(keycloakOptions, options, 'keycloak option', undefined, fix)
  return { issuer: url, profile: profileOf(rolesOf) }
}

const profileOf = (client: string | undefined): Profile => ({
  name: 'keycloak',
  // at+jwt if the client attribute access.token.header.type.rfc9068 is set ("Use at+jwt as access token
  // header type"): https://www.keycloak.org/docs/latest/server_admin/
  types: ['jwt', 'at+jwt'],
  clientClaims: ['azp'],
  scopeClaims: ['scope'],
  requiredClaims: ['azp'],
  // In other kinds of tokens, the typ claim is ID, Refresh, Offline, or Logout:
  // https://www.keycloak.org/docs-api/latest/javadocs/org/keycloak/util/TokenUtil.html
  expectedClaims: { typ: ['Bearer', 'DPoP'] },
  acceptUnmarked: true,
  // Keycloak's own account console is in nearly every token. The default roles include some of its roles,
  // and Keycloak adds the clients of a token's roles to aud ("Audience support", same page).
  ignoredAudiences: ['account'],
  // Written by the mappers of the client scope roles; same page.
  roles: [
    {
      path: client === undefined ? ['realm_access', 'roles'] : ['resource_access', client, 'roles'],
    },
  ],
  // act.sub is the id of the service account. Operators know the client ID, which is in act.client_id.
  actorNames: ['client_id', 'sub'],
  // https://www.keycloak.org/securing-apps/oidc-layers#_endpoints_
  discovery: 'openid',
  hints: keycloakHints,
})
