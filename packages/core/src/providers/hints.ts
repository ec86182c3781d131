import { own } from '../lib/json.ts'
import type { Hint, HintedToken } from '../options/profile.ts'

/**
 * What operators set up wrongly, provider by provider. A row is told by what the token looks like,
 * so that it helps as well where only the issuer's URL was given.
 */

const claim = ({ claims }: HintedToken, name: string): unknown => own(claims, name)
const has = ({ claims }: HintedToken, name: string): boolean => Object.hasOwn(claims, name)
const audiences = (token: HintedToken): unknown[] => [claim(token, 'aud')].flat()
const issuedBy = (token: HintedToken, prefix: string): boolean =>
  String(claim(token, 'iss')).startsWith(prefix)

const isKeycloak = (token: HintedToken): boolean =>
  /\/realms\/[^/]+$/.test(String(claim(token, 'iss')))

export const keycloakHints: readonly Hint[] = [
  {
    codes: ['claim_missing'],
    when: (token) =>
      isKeycloak(token) && (!has(token, 'sub') || /^[a-z]{2}lt/.test(String(claim(token, 'jti')))),
    message:
      'Keycloak leaves sub out where the client lacks the client scope "basic", and most claims out of a ' +
      'lightweight access token: give the client that scope, and switch off "Always use lightweight access ' +
      'token" in its advanced settings, or mark its mappers "Add to lightweight access token".',
  },
  {
    codes: ['audience_mismatch', 'claim_missing'],
    when: (token) =>
      isKeycloak(token) && (!has(token, 'aud') || audiences(token).includes('account')),
    message:
      'Keycloak names a service in aud only where a mapper says so: add an Audience mapper ' +
      '(oidc-audience-mapper) with this service to a client scope of the client that asks for the token. ' +
      "The parameter 'audience' of an exchange only filters what the mappers gave.",
  },
]

export const auth0Hints: readonly Hint[] = [
  {
    codes: ['audience_mismatch'],
    when: (token) => audiences(token).some((name) => String(name).endsWith('/userinfo')),
    message:
      "Auth0 names an API in aud only where the client asked for it: send the parameter 'audience' with " +
      "the API's identifier, and expect that identifier, letter by letter.",
  },
]

/** Only where the provider is named: anything at all may be malformed. */
const unreadable = (message: string): Hint => ({
  codes: ['token_malformed', 'token_encrypted'],
  when: () => true,
  message,
})

export const auth0Opaque: Hint = unreadable(
  'Auth0 gives an opaque or an encrypted token to a client that names no API: let it send the parameter ' +
    "'audience' with the API's identifier, or set a default audience for the tenant.",
)

export const hydraOpaque: Hint = unreadable(
  'The access tokens of Ory Hydra are opaque by default: set strategies.access_token to jwt there.',
)

export const zitadelOpaque: Hint = unreadable(
  'The access tokens of ZITADEL are opaque by default: set the token type of the application to JWT there.',
)

const orgServer =
  "The token is of Okta's org authorization server. Its access tokens are for Okta itself and cannot be " +
  'validated locally. Create or use a custom authorization server, such as …/oauth2/default, with this ' +
  'service as its audience, and configure its issuer.'

export const oktaHints: readonly Hint[] = [
  {
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    when: ({ typ }) => typ?.toLowerCase() === 'application/okta-internal-at+jwt',
    message: orgServer,
  },
  {
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    when: ({ typ }) => typ?.toLowerCase() === 'oauth-id-jag+jwt',
    message:
      'The token is an identity assertion grant (ID-JAG). It is never an access token: the client has to ' +
      "exchange it at this issuer's token endpoint first.",
  },
]

/** Scopes as a list, or none, and no claim that names the client. */
const isSpring = (token: HintedToken): boolean =>
  typeof claim(token, 'aud') === 'string' &&
  has(token, 'nbf') &&
  (!has(token, 'scope') || Array.isArray(claim(token, 'scope'))) &&
  !['scp', 'client_id', 'azp', 'cid', 'appid'].some((name) => has(token, name))

export const springHints: readonly Hint[] = [
  {
    codes: ['audience_mismatch'],
    when: isSpring,
    message:
      'If this is the id of the client that asked for the token: Spring Authorization Server writes it into ' +
      "aud, and ignores the parameters 'resource' and 'audience' of an exchange. In an " +
      'OAuth2TokenCustomizer<JwtEncodingContext> there, add: ' +
      'context.getClaims().audience(List.of("order-service")).',
  },
]

/** Well known: the application id of Microsoft Graph. */
const graph = '00000003-0000-0000-c000-000000000000'

export const entraHints: readonly Hint[] = [
  {
    codes: ['issuer_not_trusted'],
    when: (token) => issuedBy(token, 'https://sts.windows.net/'),
    message:
      "The token is of Entra's version 1. Set api.requestedAccessTokenVersion to 2 in the manifest of this " +
      "API's app registration, or configure entra({ tenant, version: 1 }).",
  },
  {
    codes: ['issuer_not_trusted'],
    when: (token) =>
      issuedBy(token, 'https://login.microsoftonline.com/') && claim(token, 'ver') === '2.0',
    message:
      "The token is of Entra's version 2, of this tenant or another. Configure entra({ tenant }) with the " +
      "tenant's id; version 1 tokens come from another issuer.",
  },
  {
    codes: ['signature_invalid', 'audience_mismatch'],
    when: (token) =>
      audiences(token).some((name) => name === graph || name === 'https://graph.microsoft.com'),
    message:
      'The token is for Microsoft Graph, which alone can validate it. Let the client ask for a scope of this ' +
      'API, such as api://<client id>/.default.',
  },
  {
    codes: ['audience_mismatch'],
    when: (token) => has(token, 'tid') && claim(token, 'ver') === '2.0',
    message: "In Entra's version 2 tokens, aud is this API's client id, not its api:// address.",
  },
]

export const cognitoHints: readonly Hint[] = [
  {
    codes: ['claim_missing'],
    when: (token) => claim(token, 'token_use') === 'access' && !has(token, 'aud'),
    message:
      "Cognito's access tokens have no aud unless the client asked for a resource. Either bind a resource, or " +
      'let the client id stand for the audience: cognito({ region, userPoolId, clientIdAsAudience: true }).',
  },
]

const dexHints: readonly Hint[] = [
  {
    codes: ['not_an_access_token'],
    when: (token) =>
      has(token, 'at_hash') && !has(token, 'scope') && has(token, 'federated_claims'),
    message:
      "Dex's access tokens cannot be told from its ID tokens. Configure dex(url, { acceptIdTokens: true }) if " +
      'that is acceptable here.',
  },
]

export const allHints: readonly Hint[] = [
  ...[...keycloakHints, ...auth0Hints, ...oktaHints, ...entraHints, ...cognitoHints, ...dexHints],
  // The least certain one comes last.
  ...springHints,
]
