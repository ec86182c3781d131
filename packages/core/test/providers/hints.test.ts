import { describe, expect, test } from 'vitest'
import type { Code } from '../../src/errors/codes.ts'
import * as hints from '../../src/providers/hints.ts'
import type { Hint, HintedToken } from '../../src/options/profile.ts'

// What an operator reads, word by word, and by what a token gives away that it is that mistake.

type Claims = Readonly<Record<string, unknown>>
interface Row {
  readonly hint: Hint | undefined
  readonly codes: readonly Code[]
  readonly message: string
  /** Tokens that it is said of, by their claims, or by their `typ`. */
  readonly of: readonly (Claims | string)[]
  readonly notOf: readonly (Claims | string)[]
}

const realm = { iss: 'https://k.example/realms/shop', aud: 'stock', sub: 'u', jti: 'trrtcc:1' }
const noRealms = [
  'https://k.example/realms/',
  'https://k.example/realms/shop/x',
  'https://k.example/shop',
]
const [v1, v2] = ['https://sts.windows.net/t/', 'https://login.microsoftonline.com/t/v2.0']
const graph = '00000003-0000-0000-c000-000000000000'
const spring = { aud: 'gateway', nbf: 1 }
const dex = { at_hash: 'x', federated_claims: {} }

const rows: Readonly<Record<string, Row>> = {
  "Keycloak's lightweight tokens": {
    hint: hints.keycloakHints[0],
    codes: ['claim_missing'],
    message:
      'Keycloak leaves sub out where the client lacks the client scope "basic", and most claims out of a lightweight access token: give the client that scope, and switch off "Always use lightweight access token" in its advanced settings, or mark its mappers "Add to lightweight access token".',
    of: [
      { iss: realm.iss },
      { ...realm, jti: 'onltac:1' },
      { ...realm, sub: undefined, jti: 'trltcc:1' },
    ],
    notOf: [
      ...[realm, { ...realm, jti: 'xonltac:1' }, { ...realm, jti: 'olt:1' }],
      ...[
        { ...realm, jti: '12lt:1' },
        { ...realm, jti: undefined },
      ],
      ...[{}, ...noRealms.map((iss) => ({ iss }))],
    ],
  },
  "Keycloak's mappers": {
    hint: hints.keycloakHints[1],
    codes: ['audience_mismatch', 'claim_missing'],
    message:
      "Keycloak names a service in aud only where a mapper says so: add an Audience mapper (oidc-audience-mapper) with this service to a client scope of the client that asks for the token. The parameter 'audience' of an exchange only filters what the mappers gave.",
    of: [{ iss: realm.iss }, { ...realm, aud: 'account' }, { ...realm, aud: ['stock', 'account'] }],
    notOf: [realm, { ...realm, aud: ['stock'] }, {}, ...noRealms.map((iss) => ({ iss }))],
  },
  'Auth0 without an audience': {
    hint: hints.auth0Hints[0],
    codes: ['audience_mismatch'],
    message:
      "Auth0 names an API in aud only where the client asked for it: send the parameter 'audience' with the API's identifier, and expect that identifier, letter by letter.",
    of: [{ aud: 'https://a.example/userinfo' }, { aud: ['x', 1, 'https://a.example/userinfo'] }],
    notOf: [{}, { aud: 'x' }, { aud: [] }, { aud: [1] }, { aud: '/userinfo/x' }],
  },
  "Auth0's opaque tokens": {
    hint: hints.auth0Opaque,
    codes: ['token_malformed', 'token_encrypted'],
    message:
      "Auth0 gives an opaque or an encrypted token to a client that names no API: let it send the parameter 'audience' with the API's identifier, or set a default audience for the tenant.",
    of: [{}, 'jwt'],
    notOf: [],
  },
  "Hydra's opaque tokens": {
    hint: hints.hydraOpaque,
    codes: ['token_malformed', 'token_encrypted'],
    message:
      'The access tokens of Ory Hydra are opaque by default: set strategies.access_token to jwt there.',
    of: [{}, 'jwt'],
    notOf: [],
  },
  "ZITADEL's opaque tokens": {
    hint: hints.zitadelOpaque,
    codes: ['token_malformed', 'token_encrypted'],
    message:
      'The access tokens of ZITADEL are opaque by default: set the token type of the application to JWT there.',
    of: [{}, 'jwt'],
    notOf: [],
  },
  "Okta's org server": {
    hint: hints.oktaHints[0],
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    message:
      "The token is of Okta's org authorization server. Its access tokens are for Okta itself and cannot be validated locally. Create or use a custom authorization server, such as …/oauth2/default, with this service as its audience, and configure its issuer.",
    of: ['application/okta-internal-at+jwt', 'application/Okta-Internal-AT+JWT'],
    notOf: [{}, 'at+jwt', 'oauth-id-jag+jwt'],
  },
  "Okta's ID-JAG": {
    hint: hints.oktaHints[1],
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    message:
      "The token is an identity assertion grant (ID-JAG). It is never an access token: the client has to exchange it at this issuer's token endpoint first.",
    of: ['oauth-id-jag+jwt', 'OAuth-ID-JAG+JWT'],
    notOf: [{}, 'at+jwt', 'application/okta-internal-at+jwt'],
  },
  "Spring's client id": {
    hint: hints.springHints[0],
    codes: ['audience_mismatch'],
    message:
      "If this is the id of the client that asked for the token: Spring Authorization Server writes it into aud, and ignores the parameters 'resource' and 'audience' of an exchange. In an OAuth2TokenCustomizer<JwtEncodingContext> there, add: context.getClaims().audience(List.of(\"order-service\")).",
    of: [spring, { ...spring, scope: ['read'] }],
    notOf: [
      ...[{ nbf: 1 }, { ...spring, aud: ['gateway'] }, { aud: 'gateway' }],
      { ...spring, scope: 'read' },
      ...['scp', 'client_id', 'azp', 'cid', 'appid'].map((name) => ({ ...spring, [name]: 'x' })),
    ],
  },
  "Entra's version 1": {
    hint: hints.entraHints[0],
    codes: ['issuer_not_trusted'],
    message:
      "The token is of Entra's version 1. Set api.requestedAccessTokenVersion to 2 in the manifest of this API's app registration, or configure entra({ tenant, version: 1 }).",
    of: [{ iss: v1 }],
    notOf: [{}, { iss: v2, ver: '2.0' }, { iss: `x${v1}` }],
  },
  "Entra's version 2": {
    hint: hints.entraHints[1],
    codes: ['issuer_not_trusted'],
    message:
      "The token is of Entra's version 2, of this tenant or another. Configure entra({ tenant }) with the tenant's id; version 1 tokens come from another issuer.",
    of: [{ iss: v2, ver: '2.0' }],
    notOf: [{}, { iss: v2 }, { iss: v2, ver: '1.0' }, { iss: v1, ver: '2.0' }],
  },
  'Microsoft Graph': {
    hint: hints.entraHints[2],
    codes: ['signature_invalid', 'audience_mismatch'],
    message:
      'The token is for Microsoft Graph, which alone can validate it. Let the client ask for a scope of this API, such as api://<client id>/.default.',
    of: [{ aud: graph }, { aud: 'https://graph.microsoft.com' }, { aud: ['x', graph] }],
    notOf: [{}, { aud: 'x' }, { aud: [] }],
  },
  "Entra's api:// address": {
    hint: hints.entraHints[3],
    codes: ['audience_mismatch'],
    message: "In Entra's version 2 tokens, aud is this API's client id, not its api:// address.",
    of: [{ tid: 't', ver: '2.0' }],
    notOf: [{}, { tid: 't' }, { tid: 't', ver: '1.0' }, { ver: '2.0' }],
  },
  'Cognito without aud': {
    hint: hints.cognitoHints[0],
    codes: ['claim_missing'],
    message:
      "Cognito's access tokens have no aud unless the client asked for a resource. Either bind a resource, or let the client id stand for the audience: cognito({ region, userPoolId, clientIdAsAudience: true }).",
    of: [{ token_use: 'access' }],
    notOf: [{}, { token_use: 'access', aud: 'x' }, { token_use: 'id' }],
  },
  "Dex's tokens": {
    hint: hints.allHints.at(-2),
    codes: ['not_an_access_token'],
    message:
      "Dex's access tokens cannot be told from its ID tokens. Configure dex(url, { acceptIdTokens: true }) if that is acceptable here.",
    of: [dex],
    notOf: [{}, { at_hash: 'x' }, { federated_claims: {} }, { ...dex, scope: 'read' }],
  },
}

/** A claim that is `undefined` is absent, as in JSON. */
function tokenOf(given: Claims | string): HintedToken {
  if (typeof given === 'string') return { typ: given, claims: {} }
  return { typ: undefined, claims: JSON.parse(JSON.stringify(given)) as Claims }
}

describe.each(Object.entries(rows))('%s', (_what, { hint, codes, message, of, notOf }) => {
  test('is told', () => {
    expect(hint).toEqual({ codes, when: expect.any(Function), message })
  })

  test.each(of.map((token) => ({ token })))('of $token', ({ token }) => {
    expect(hint?.when(tokenOf(token))).toBe(true)
  })

  test.each(notOf.map((token) => ({ token })))('but not of $token', ({ token }) => {
    expect(hint?.when(tokenOf(token))).toBe(false)
  })
})

test('where no provider is named all are tried, but for what fits anything, and the vaguest last', () => {
  expect(hints.allHints).toEqual([
    ...[...hints.keycloakHints, ...hints.auth0Hints, ...hints.oktaHints, ...hints.entraHints],
    ...[...hints.cognitoHints, rows["Dex's tokens"]?.hint, ...hints.springHints],
  ])
})
