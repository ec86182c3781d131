import { ConfigError } from '@resource-server/core'

/** How a request names the service that the new token is for. */
export type TargetParameter = 'audience' | 'resource' | 'scope'

/**
 * How an authorization server exchanges tokens: what the request contains, and what the response may look like.
 * A dialect is plain data. `dialects` contains the known ones; to change one, pass an object.
 */
export interface Dialect {
  readonly name: string
  /** The grant: RFC 8693, or RFC 7523 with `requested_token_use`, as Entra uses it. */
  readonly grant: 'token-exchange' | 'on-behalf-of'
  /** The parameters that the server reads. Any other parameter causes a `ConfigError`. */
  readonly targets: readonly TargetParameter[]
  /** The parameters that tell the server what the target is. One of them is required. */
  readonly requires: readonly TargetParameter[]
  /** Whether the server accepts several targets in one request. */
  readonly severalTargets: boolean
  /** `subject_token_type`. Default: an access token. */
  readonly subjectTokenType?: string
  /** `requested_token_type`. Absent if the request does not have it. */
  readonly requestedTokenType?: string
  /** The accepted values of `issued_token_type`. With `undefined` in the list, the response may omit it. */
  readonly issuedTokenTypes: readonly (string | undefined)[]
  /** Whether to send a token of this service as the actor token if the option `actorToken` is not set. */
  readonly actorToken: boolean
  /** Scopes that the server adds without being asked, and that grant nothing at the next service. */
  readonly ambientScopes: readonly string[]
  /** What the operator can do about an error from this server. */
  readonly hints: Readonly<Record<string, string>>
}

/** The names of the known dialects. */
export type DialectName =
  | 'rfc8693'
  | 'keycloak'
  | 'springAuthorizationServer'
  | 'auth0'
  | 'okta'
  | 'zitadel'
  | 'entra'

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const jwt = 'urn:ietf:params:oauth:token-type:jwt'
const idJag = 'urn:ietf:params:oauth:token-type:id-jag'

/** Hints for errors that mean the same at every server. */
const commonHints: Readonly<Record<string, string>> = {
  invalid_client:
    "Check the client ID and the secret or key in 'client', and how the client authenticates there",
  unauthorized_client: 'Allow the token exchange grant for this client at the authorization server',
  unsupported_grant_type:
    'Turn on token exchange (RFC 8693) at the authorization server, or check the token endpoint',
  invalid_target: 'Register the audience or resource, and allow this client to request it',
  invalid_scope:
    'Allow the scope for this client, and have the caller request anything that the scope depends on',
}

const rfc8693: Dialect = {
  name: 'rfc8693',
  grant: 'token-exchange',
  targets: ['audience', 'resource', 'scope'],
  requires: ['audience', 'resource'],
  severalTargets: true,
  // Optional, but without it, some servers issue a refresh token.
  requestedTokenType: accessToken,
  issuedTokenTypes: [accessToken],
  actorToken: false,
  ambientScopes: [],
  hints: commonHints,
}

/**
 * The known dialects. A hop uses the one for the provider function in `issuer`, or `rfc8693` for a plain URL.
 *
 * @example
 * ```ts
 * import { dialects, nextHop } from '@resource-server/exchange'
 *
 * export const inventory = nextHop({
 *   issuer: 'https://as.example.com',
 *   client: { id: 'order-service', secret: 'a secret' },
 *   audience: 'inventory-service',
 *   // This server does not say what it issued.
 *   dialect: { ...dialects.rfc8693, issuedTokenTypes: [undefined] },
 * })
 * ```
 */
export const dialects: Readonly<Record<DialectName, Dialect>> = frozen({
  rfc8693,
  // Standard token exchange (V2): https://www.keycloak.org/securing-apps/token-exchange
  keycloak: {
    ...rfc8693,
    name: 'keycloak',
    targets: ['audience', 'scope'],
    requires: ['audience', 'scope'],
    // The default client scopes of a realm that are named in tokens.
    ambientScopes: ['openid', 'profile', 'email', 'address', 'phone', 'organization'],
    hints: {
      ...commonHints,
      unauthorized_client:
        'Check the client secret, and turn on "Standard token exchange" in the capability settings of the client',
      unsupported_grant_type:
        'Turn on the token-exchange-standard feature (Keycloak 26.2 or later)',
      access_denied:
        'The caller\'s token must name this client in aud: add an "Audience" mapper for it to the client of the caller',
      invalid_request:
        'Turn on "Standard token exchange" for the client, and have one of its client scopes add the audience. ' +
        "Keycloak refuses another client's token that is bound with DPoP",
    },
  },
  // Writes act only if there is an actor token, and ignores audience and resource unless it is customized.
  springAuthorizationServer: {
    ...rfc8693,
    name: 'springAuthorizationServer',
    requires: ['audience', 'resource', 'scope'],
    actorToken: true,
    hints: {
      ...commonHints,
      unauthorized_client:
        "Add AuthorizationGrantType.TOKEN_EXCHANGE and CLIENT_CREDENTIALS to the client's registration",
      invalid_grant:
        'The subject token must be known to this server. If it has may_act, may_act must name this client with iss and sub, and the hop must send an actor token',
    },
  },
  // On-behalf-of token exchange: https://auth0.com/docs/secure/tokens/token-exchange
  auth0: {
    ...rfc8693,
    name: 'auth0',
    targets: ['audience', 'scope'],
    requires: ['audience'],
    severalTargets: false,
    hints: {
      ...commonHints,
      unauthorized_client: 'Turn on on-behalf-of token exchange for the application in Auth0',
      access_denied: 'Authorize the application for the API in Auth0, with these scopes',
    },
  },
  // https://developer.okta.com/docs/guides/set-up-token-exchange/
  okta: {
    ...rfc8693,
    name: 'okta',
    targets: ['audience', 'scope'],
    requires: ['audience'],
    severalTargets: false,
    hints: {
      ...commonHints,
      unauthorized_client: 'Select the grant "Token Exchange" in the API services app in Okta',
      access_denied:
        'Add an access policy rule to the authorization server that allows the Token Exchange grant',
    },
  },
  // https://zitadel.com/docs/guides/integrate/token-exchange. By default, it issues opaque tokens.
  zitadel: {
    ...rfc8693,
    name: 'zitadel',
    requestedTokenType: jwt,
    issuedTokenTypes: [jwt, accessToken],
    hints: {
      ...commonHints,
      unauthorized_client: 'Select the grant "Token Exchange" in the application in ZITADEL',
      unsupported_grant_type: 'Turn on the Token Exchange feature of the ZITADEL instance',
    },
  },
  // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
  entra: {
    ...rfc8693,
    name: 'entra',
    grant: 'on-behalf-of',
    targets: ['scope'],
    requires: ['scope'],
    severalTargets: false,
    issuedTokenTypes: [undefined],
    ambientScopes: ['openid', 'profile', 'email', 'offline_access'],
    hints: {
      ...commonHints,
      invalid_grant:
        'If the reason contains AADSTS65001, grant consent for this app, or add the caller to its knownClientApplications',
    },
  },
})

function frozen(table: Record<DialectName, Dialect>): Readonly<Record<DialectName, Dialect>> {
  for (const dialect of Object.values(table)) Object.freeze(dialect)
  return Object.freeze(table)
}

/** What a provider function of core says about the dialect. */
const byProfile: Readonly<Record<string, DialectName>> = {
  keycloak: 'keycloak',
  'spring-authorization-server': 'springAuthorizationServer',
  auth0: 'auth0',
  okta: 'okta',
  zitadel: 'zitadel',
  entra: 'entra',
}

/** Servers that cannot exchange the token of a caller. */
const withoutExchange: Readonly<Record<string, string>> = {
  cognito: 'Amazon Cognito has no token exchange.',
  dex: "Dex exchanges only tokens of its connectors, not the tokens that it issued to this service's callers.",
  hydra: 'Ory Hydra has no token exchange.',
}

/** @throws ConfigError if the server is known to have no token exchange */
export function dialectOf(profile: string | undefined): Dialect {
  const name = profile ?? ''
  if (Object.hasOwn(withoutExchange, name)) {
    throw new ConfigError(
      withoutExchange[name]!,
      'Call the next service with a token of this service (client credentials) instead.',
    )
  }
  return dialects[Object.hasOwn(byProfile, name) ? byProfile[name]! : 'rfc8693']
}

/** For grants whose response has no `issued_token_type`, such as client credentials (RFC 6749 section 4.4.3). */
export function withoutIssuedType(dialect: Dialect): Dialect {
  return { ...dialect, issuedTokenTypes: [undefined, ...dialect.issuedTokenTypes] }
}

/** For the request for an identity assertion (draft-ietf-oauth-identity-assertion-authz-grant). */
export function forAssertion(dialect: Dialect): Dialect {
  return { ...dialect, requestedTokenType: idJag, issuedTokenTypes: [idJag] }
}
