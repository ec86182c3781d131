import { describe, expect, test } from 'vitest'
import type { Code } from '../../src/errors/codes.ts'
import * as hints from '../../src/providers/hints.ts'
import type { Hint, HintedToken } from '../../src/options/profile.ts'

// The exact text of each hint, and the tokens that it applies to.

/** A token that looks opaque. */
const opaque = ['opaque'] as const

type Claims = Readonly<Record<string, unknown>>
interface Row {
  readonly hint: Hint | undefined
  readonly codes: readonly Code[]
  readonly message: string
  /** Tokens that the hint applies to, by their claims or by their `typ`. */
  readonly matches: readonly (Claims | string | typeof opaque)[]
  /** Tokens that the hint does not apply to. */
  readonly rejects: readonly (Claims | string)[]
}

const realm = { iss: 'https://k.example/realms/shop', aud: 'stock', sub: 'u', jti: 'trrtcc:1' }
const otherUrls = [
  'https://k.example/realms/',
  'https://k.example/realms/shop/x',
  'https://k.example/shop',
  'xhttps://k.example/realms/shop',
  'ftp://k.example/realms/shop',
]
const [v1, v2] = ['https://sts.windows.net/t/', 'https://login.microsoftonline.com/t/v2.0']
const graph = '00000003-0000-0000-c000-000000000000'
const glewlwyd = { type: 'access_token' }
const pool = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x'
const spring = { aud: 'gateway', nbf: 1, iat: 1, jti: 'j' }
const dex = { at_hash: 'x', federated_claims: {} }

const actorCodes = ['actor_not_allowed', 'delegation_required'] as const
const checkClient =
  "Check the client that exchanged the token: requireClient('user-service'), or clientId of the verified token."
const okta = { jti: 'AT.x', cid: 'web' }

const rows: Readonly<Record<string, Row>> = {
  "Keycloak's exchanges without act": {
    hint: hints.keycloakHints[0],
    codes: actorCodes,
    message: `Keycloak's standard token exchange does not write act. ${checkClient}`,
    matches: [realm, { ...realm, iss: 'http://k.example:8080/auth/realms/shop' }],
    rejects: [
      { ...realm, act: { sub: 'a' } },
      okta,
      { iss: v2 },
      ...otherUrls.map((iss) => ({ iss })),
    ],
  },
  "Okta's exchanges without act": {
    hint: hints.oktaHints[0],
    codes: actorCodes,
    message: `Okta's on-behalf-of exchange does not write act. ${checkClient}`,
    matches: [okta],
    rejects: [{ ...okta, act: { sub: 'a' } }, { jti: 'AT.x' }, { ...okta, jti: 'ID.x' }, realm],
  },
  "Microsoft Entra's exchanges without act": {
    hint: hints.entraHints[0],
    codes: actorCodes,
    message: `Microsoft Entra's on-behalf-of flow does not write act. ${checkClient}`,
    matches: [{ iss: v1 }, { iss: v2 }],
    rejects: [{ iss: v2, act: { sub: 'a' } }, { iss: `x${v2}` }, realm, okta],
  },
  'exchanges of other servers without act': {
    hint: hints.generalHints[1],
    codes: actorCodes,
    message: `Have the caller exchange its token for this service. Some servers still do not write act. ${checkClient}`,
    matches: [{}, realm],
    rejects: [{ act: { sub: 'a' } }],
  },
  "Keycloak's lightweight tokens": {
    hint: hints.keycloakHints[1],
    codes: ['claim_missing'],
    message:
      'Keycloak omits sub if the client does not have the client scope "basic", and omits most claims from lightweight access tokens. Add that client scope to the client. Turn off "Always use lightweight access token" in its advanced settings, or turn on "Add to lightweight access token" in its mappers.',
    matches: [
      { iss: realm.iss },
      { ...realm, jti: 'onltac:1' },
      { ...realm, sub: undefined, jti: 'trltcc:1' },
    ],
    rejects: [
      realm,
      { ...realm, jti: 'xonltac:1' },
      { ...realm, jti: 'olt:1' },
      { ...realm, jti: '12lt:1' },
      { ...realm, jti: undefined },
      {},
      ...otherUrls.map((iss) => ({ iss })),
    ],
  },
  "Keycloak's audience mappers": {
    hint: hints.keycloakHints[2],
    codes: ['audience_mismatch', 'claim_missing'],
    message:
      'Keycloak adds a service to aud only if a mapper is configured. If this client calls this service directly, add an Audience mapper (oidc-audience-mapper) for this service to a client scope of the client. If another service calls this one, have that service exchange the token it received.',
    matches: [
      { iss: realm.iss },
      { ...realm, aud: 'account' },
      { ...realm, aud: ['account'] },
      { ...realm, aud: [] },
    ],
    rejects: [
      realm,
      { ...realm, aud: ['stock'] },
      { ...realm, aud: ['stock', 'account'] },
      {},
      { iss: { toString: 1 } },
      ...otherUrls.map((iss) => ({ iss })),
    ],
  },
  'Keycloak tokens for another service': {
    hint: hints.keycloakHints[3],
    codes: ['audience_mismatch'],
    message:
      'The token was issued for another service. If that service forwarded it, have it exchange the token for one with this service as its audience (in Keycloak: "Standard token exchange" of its client, and an Audience mapper for this service in one of its client scopes). Do not add this service to the tokens of the first client: every service that receives such a token could use it here.',
    matches: [
      realm,
      { ...realm, aud: ['stock'] },
      { ...realm, aud: ['stock', 'account'] },
      { ...realm, aud: ['account', 'stock'] },
    ],
    rejects: [
      { iss: realm.iss },
      { ...realm, aud: 'account' },
      { ...realm, aud: ['account'] },
      { ...realm, aud: [] },
      { ...realm, iss: [realm.iss] },
      ...otherUrls.map((iss) => ({ ...realm, iss })),
    ],
  },
  'Auth0 tokens without an API': {
    hint: hints.auth0Hints[0],
    codes: ['audience_mismatch'],
    message:
      "Auth0 adds an API to aud only if the client requests it. Have the client send the parameter 'audience' with the identifier of the API, and configure exactly that identifier as 'audience' here.",
    matches: [
      { aud: 'https://a.example/userinfo' },
      { aud: ['x', 1, 'https://a.example/userinfo'] },
    ],
    rejects: [
      {},
      { aud: 'x' },
      { aud: [] },
      { aud: [1] },
      { aud: '/userinfo/x' },
      { aud: 'http://a.example/userinfo' },
      { aud: 'xhttps://a.example/userinfo' },
      { aud: 'https://a.example/userinfo/x' },
      // The audience that better-auth adds.
      { aud: ['https://notes.example', 'https://a.example/api/auth/oauth2/userinfo'] },
      { aud: [{ toString: 1 }] },
    ],
  },
  "Auth0's opaque tokens": {
    hint: hints.auth0Opaque,
    codes: ['token_malformed', 'token_encrypted'],
    message:
      "Auth0 issues an opaque or encrypted token to a client that does not request an API. Have the client send the parameter 'audience' with the identifier of the API, or set a default audience for the tenant.",
    matches: [opaque],
    rejects: [{}, 'jwt'],
  },
  "Hydra's opaque tokens": {
    hint: hints.hydraOpaque,
    codes: ['token_malformed', 'token_encrypted'],
    message:
      'Ory Hydra issues opaque access tokens by default. Set strategies.access_token to jwt in Hydra.',
    matches: [opaque],
    rejects: [{}, 'jwt'],
  },
  "ZITADEL's opaque tokens": {
    hint: hints.zitadelOpaque,
    codes: ['token_malformed', 'token_encrypted'],
    message:
      'ZITADEL issues opaque access tokens by default. Set the token type of the application to JWT in ZITADEL.',
    matches: [opaque],
    rejects: [{}, 'jwt'],
  },
  "Okta's org authorization server": {
    hint: hints.oktaHints[1],
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    message:
      "The token is from Okta's org authorization server. Its access tokens are for Okta itself and cannot be verified locally. Use a custom authorization server, such as …/oauth2/default, with this service as its audience, and configure its issuer here.",
    matches: ['application/okta-internal-at+jwt', 'application/Okta-Internal-AT+JWT'],
    rejects: [{}, 'at+jwt', 'oauth-id-jag+jwt'],
  },
  "Okta's ID-JAG": {
    hint: hints.oktaHints[2],
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    message:
      "The token is an identity assertion grant (ID-JAG), not an access token. Have the client exchange it for an access token at the issuer's token endpoint.",
    matches: ['oauth-id-jag+jwt', 'OAuth-ID-JAG+JWT'],
    rejects: [{}, 'at+jwt', 'application/okta-internal-at+jwt'],
  },
  "Spring's default audience": {
    hint: hints.springHints[0],
    codes: ['audience_mismatch'],
    message:
      "If aud is the id of the client that requested the token, this is the default of Spring Authorization Server, which ignores the parameters 'resource' and 'audience' of a token exchange. Set aud there, in an OAuth2TokenCustomizer<JwtEncodingContext>: context.getClaims().audience(List.of(\"order-service\")).",
    matches: [spring, { ...spring, scope: ['read'] }],
    rejects: [
      { ...spring, aud: undefined },
      { ...spring, aud: ['gateway'] },
      { ...spring, nbf: undefined },
      { ...spring, nbf: undefined, iat: undefined },
      { ...spring, iat: 2 },
      { ...spring, jti: undefined },
      { ...spring, scope: 'read' },
      ...['scp', 'client_id', 'azp', 'cid', 'appid'].map((name) => ({ ...spring, [name]: 'x' })),
    ],
  },
  'Entra version 1 tokens': {
    hint: hints.entraHints[1],
    codes: ['issuer_not_trusted'],
    message:
      "The token is an Entra version 1 token. Set api.requestedAccessTokenVersion to 2 in the manifest of the API's app registration, or configure entra({ tenant, version: 1 }).",
    matches: [{ iss: v1 }],
    rejects: [{}, { iss: v2, ver: '2.0' }, { iss: `x${v1}` }],
  },
  'Entra version 2 tokens': {
    hint: hints.entraHints[2],
    codes: ['issuer_not_trusted'],
    message:
      'The token is an Entra version 2 token, from this tenant or another one. Configure entra({ tenant }) with the id of the tenant. Version 1 tokens have a different issuer.',
    matches: [{ iss: v2, ver: '2.0' }],
    rejects: [{}, { iss: v2 }, { iss: v2, ver: '1.0' }, { iss: v1, ver: '2.0' }],
  },
  'tokens for Microsoft Graph': {
    hint: hints.entraHints[3],
    codes: ['signature_invalid', 'audience_mismatch'],
    message:
      'The token is for Microsoft Graph, and only Microsoft Graph can verify it. Have the client request a scope of this API, such as api://<client ID>/.default.',
    matches: [{ aud: graph }, { aud: 'https://graph.microsoft.com' }, { aud: ['x', graph] }],
    rejects: [{}, { aud: 'x' }, { aud: [] }],
  },
  "Entra's api:// URI": {
    hint: hints.entraHints[4],
    codes: ['audience_mismatch'],
    message: "In Entra version 2 tokens, aud is the API's client ID, not its api:// URI.",
    matches: [{ tid: 't', ver: '2.0' }],
    rejects: [{}, { tid: 't' }, { tid: 't', ver: '1.0' }, { ver: '2.0' }],
  },
  'Cognito tokens without aud': {
    hint: hints.cognitoHints[0],
    codes: ['claim_missing'],
    message:
      'Cognito access tokens have no aud unless the client requests a resource. Have the client request one, or use the client ID as the audience: cognito({ region, userPoolId, clientIdAsAudience: true }).',
    matches: [
      { token_use: 'access', origin_jti: 'o' },
      { token_use: 'access', iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_A' },
    ],
    rejects: [
      {},
      { token_use: 'access' },
      { token_use: 'access', origin_jti: 'o', aud: 'x' },
      { token_use: 'id', origin_jti: 'o' },
    ],
  },
  "Better Auth's opaque tokens": {
    hint: hints.betterAuthOpaque,
    codes: ['token_malformed', 'token_encrypted'],
    message:
      "Better Auth issues an opaque token if the client does not send the parameter 'resource'. Have the client send it, with one of the validAudiences of the oauth-provider plugin.",
    matches: [opaque],
    rejects: [{}, 'jwt'],
  },
  'Cognito pools with the updated issuer type': {
    hint: hints.cognitoHints[1],
    codes: ['issuer_not_trusted'],
    message:
      "The token is from a Cognito user pool with the updated issuer type. Configure cognito({ region, userPoolId, issuerType: 'updated' }).",
    matches: [{ iss: 'https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_x' }],
    rejects: [{}, { iss: pool }, { iss: 1 }],
  },
  'Cognito replicas': {
    hint: hints.cognitoHints[2],
    codes: ['issuer_not_trusted'],
    message:
      'The token is from a replica of a Cognito user pool. Configure the replica as an issuer, too: cognito({ region, userPoolId, replicaRegion }).',
    matches: [{ iss: 'https://cognito-idp.us-west-2.amazonaws.com/us-east-1_x' }],
    rejects: [{}, { iss: pool }, { iss: 'https://cognito-idp.us-west-2.example/us-east-1_x' }],
  },
  'Cognito pools with the original issuer type': {
    hint: hints.cognitoHints[3],
    codes: ['issuer_not_trusted'],
    message:
      "The token is from a Cognito user pool with the original issuer type. Check region and userPoolId, and leave out issuerType: 'updated'.",
    matches: [{ iss: pool }],
    rejects: [{}, { iss: `x${pool}` }, { iss: pool.replace('https', 'http') }],
  },
  "Glewlwyd's default audience": {
    hint: hints.glewlwydHints[0],
    codes: ['audience_mismatch'],
    message:
      "Glewlwyd writes the scope into aud if the client does not request a resource. Have the client send the parameter 'resource' with the name of this service.",
    matches: [{ ...glewlwyd, aud: 'a b', scope: 'a b' }],
    rejects: [
      glewlwyd,
      { ...glewlwyd, aud: 'a', scope: 'b' },
      { aud: 'a', scope: 'a' },
      { type: 'x', aud: 'a', scope: 'a' },
    ],
  },
  "Glewlwyd's old plugin": {
    hint: hints.glewlwydHints[1],
    codes: ['issuer_not_trusted'],
    message:
      "Glewlwyd's old OAuth 2 plugin does not write iss. Use its OpenID Connect plugin for this client.",
    matches: [glewlwyd],
    rejects: [{}, { ...glewlwyd, iss: 'x' }],
  },
  'tokens with sub: null': {
    hint: hints.nullSubjectHint,
    codes: ['claim_malformed'],
    message:
      'LemonLDAP::NG writes sub: null into the tokens that a client gets for itself. null is not a subject; have the client use a grant that involves a user, or remove sub at the issuer and set clientIdAsSubject.',
    matches: [{ sub: null }],
    rejects: [{}, { sub: '' }, { sub: 'u' }],
  },
  'tokens without scopes': {
    hint: hints.scopeHint,
    codes: ['scope_insufficient'],
    message:
      "The token has neither scope nor scp. Servers built with zitadel/oidc, and others, do not write scopes into access tokens. Add the claim at the issuer, name another one in the profile's scopeClaims, or require a role or a claim.",
    matches: [{}, { client_id: 'x' }],
    rejects: [{ scope: '' }, { scp: [] }, { scope: 'a', scp: ['a'] }],
  },
  'tokens without aud': {
    hint: hints.audienceHint,
    codes: ['claim_missing'],
    message:
      "Many servers write aud only if the client requests it. Have the client send the name of this service, in the parameter 'audience' (Ory Hydra, MITREid Connect) or 'resource' (RFC 8707: Authlib and others).",
    matches: [{}],
    rejects: [{ aud: 'x' }, { aud: ['x'] }, { aud: '' }, { aud: null }, { aud: {} }],
  },
  'tokens without sub': {
    hint: hints.subjectHint,
    codes: ['claim_missing'],
    message:
      'Some servers, such as Duende IdentityServer and @jmondi/oauth2-server, omit sub from the tokens that a client gets for itself. To use the client ID as the subject of such tokens, set clientIdAsSubject in the profile: extend(defaultProfile, { clientIdAsSubject: true }).',
    matches: ['client_id', 'azp', 'cid', 'appid'].map((name) => ({ aud: 'stock', [name]: 'x' })),
    rejects: [
      {},
      { aud: 'stock' },
      { client_id: 'x' },
      { aud: 'stock', client_id: 'x', sub: 'u' },
      { aud: 'stock', client_id: 'x', sub: null },
    ],
  },
  "Dex's access tokens": {
    hint: hints.allHints.find(({ message }) => message.startsWith('Dex')),
    codes: ['not_an_access_token'],
    message:
      "Dex's access tokens cannot be distinguished from its ID tokens. Configure dex(url, { acceptIdTokens: true }) if that is acceptable here.",
    matches: [dex],
    rejects: [{}, { at_hash: 'x' }, { federated_claims: {} }, { ...dex, scope: 'read' }],
  },
}

test('the hint about an empty aud applies to the tokens of all providers', () => {
  const hint = hints.generalHints.at(0)
  expect(hint).toEqual({
    codes: ['claim_malformed', 'audience_mismatch'],
    when: expect.any(Function),
    message:
      "aud is an empty list: the token was not issued for any service. Have the client request this service as the audience (in Ory Hydra: the parameter 'audience', allowed in the client's 'audience').",
  })
  const applies = (aud: unknown): boolean => hint?.when(tokenOf({ aud })) ?? false
  expect([[], ['x'], 'x', '', undefined, {}].map(applies)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ])
})

// Any caller can send these before the signature is verified.
const oddValues: readonly unknown[] = [
  null,
  true,
  1,
  [],
  {},
  { toString: 1 },
  { toString: 1, valueOf: 1 },
  [{ toString: 1 }],
  [[{ toString: 1 }]],
  { toJSON: 1, join: 1, startsWith: 1, includes: 1 },
]

test.each([...hints.allHints, ...hints.generalHints].map((hint) => [hint]))(
  'the hint $message does not throw for claims of any type',
  ({ when }) => {
    const names = ['iss', 'sub', 'aud', 'jti', 'tid', 'ver', 'nbf', 'iat', 'scope', 'token_use']
    for (const value of oddValues) {
      const claims = Object.fromEntries(names.map((name) => [name, value]))
      expect(typeof when({ typ: undefined, claims })).toBe('boolean')
      for (const name of names) {
        const others = { iss: realm.iss, aud: 'x', token_use: 'access', nbf: 1, iat: 1 }
        const token = { typ: undefined, claims: { ...others, [name]: value } }
        expect(typeof when(token)).toBe('boolean')
      }
    }
  },
)

/** A claim with the value `undefined` is absent, as in JSON. */
function tokenOf(claimsOrTyp: Claims | string | typeof opaque): HintedToken {
  if (claimsOrTyp === opaque) return { typ: undefined, claims: {}, opaque: true }
  if (typeof claimsOrTyp === 'string') return { typ: claimsOrTyp, claims: {} }
  return { typ: undefined, claims: JSON.parse(JSON.stringify(claimsOrTyp)) as Claims }
}

describe.each(Object.entries(rows))(
  'the hint about %s',
  (_what, { hint, codes, message, matches, rejects }) => {
    test('has the expected codes and text', () => {
      expect(hint).toEqual({ codes, when: expect.any(Function), message })
    })

    test.each(matches.map((token) => [token]))('applies to %j', (token) => {
      expect(hint?.when(tokenOf(token))).toBe(true)
    })

    test.each(rejects.map((token) => [token]))('does not apply to %j', (token) => {
      expect(hint?.when(tokenOf(token))).toBe(false)
    })
  },
)

test('the default profile has all hints except those for opaque tokens, with the least certain last', () => {
  expect(hints.allHints).toEqual([
    ...hints.keycloakHints,
    ...hints.auth0Hints,
    ...hints.oktaHints,
    ...hints.entraHints,
    ...hints.cognitoHints,
    rows["Dex's access tokens"]?.hint,
    ...hints.glewlwydHints,
    hints.nullSubjectHint,
    hints.subjectHint,
    hints.scopeHint,
    hints.audienceHint,
    ...hints.springHints,
  ])
})
