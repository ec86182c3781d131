import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { keycloakHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** What can be chosen for Keycloak. */
export interface KeycloakOptions {
  /**
   * Which roles `requireRole` means. Default: the realm's. With a client id: the roles of that client,
   * and these only, so that a realm's role and a client's of the same name are not taken for each other.
   */
  readonly rolesOf?: string
}

/**
 * A realm of Keycloak 24 or newer, such as `https://keycloak.example.com/realms/shop`.
 *
 * Not guaranteed: that `aud` holds this service. It does where a mapper says so. Standard token
 * exchange writes no `act`; only the exchanging client shows, in `azp`.
 *
 * @throws ConfigError for a URL that is no realm's, and for a client id that is none
 */
export function keycloak(url: string, options: KeycloakOptions = {}): ProviderIssuer {
  if (!/\/realms\/[^/]+$/.test(url)) {
    throw new ConfigError(
      `'${url}' is no realm of Keycloak.`,
      "Write keycloak('https://…/realms/<realm>'), without a slash at the end.",
    )
  }
  if (Object.hasOwn(options, 'rolesOf') && !options.rolesOf) {
    throw new ConfigError(
      "'rolesOf' is no client id.",
      'Give it a value (is an environment variable missing?) or leave it out for the roles of the realm.',
    )
  }
  return { issuer: url, profile: profileOf(options.rolesOf) }
}

const profileOf = (client: string | undefined): Profile => ({
  name: 'keycloak',
  // `at+jwt` with the client attribute access.token.header.type.rfc9068 ("Use at+jwt as access token
  // header type"): https://www.keycloak.org/docs/latest/server_admin/
  types: ['jwt', 'at+jwt'],
  clientClaims: ['azp'],
  scopeClaims: ['scope'],
  requiredClaims: ['azp'],
  // The payload's typ is ID, Refresh, Offline or Logout in the other kinds:
  // https://www.keycloak.org/docs-api/latest/javadocs/org/keycloak/util/TokenUtil.html
  expectedClaims: { typ: ['Bearer', 'DPoP'] },
  // The issuer's own account console, in nearly every token: the default roles name it, and the roles
  // that a token has name its audience ("Audience support", same page).
  ignoredAudiences: ['account'],
  // Mappers of the client scope `roles`, same page.
  roles: [
    {
      path: client === undefined ? ['realm_access', 'roles'] : ['resource_access', client, 'roles'],
    },
  ],
  // act.sub is the service account's id; people know the client's, which stands beside it.
  actorNames: ['client_id', 'sub'],
  // https://www.keycloak.org/securing-apps/oidc-layers#_endpoints_
  discovery: 'openid',
  hints: keycloakHints,
})
