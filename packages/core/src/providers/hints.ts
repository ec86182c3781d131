import { own } from '../lib/json.ts'
import type { Hint, HintedToken } from '../options/profile.ts'

/**
 * Common configuration mistakes, by provider. Each hint recognizes its provider by what only that provider
 * writes into its tokens, so that it also helps operators who configured only an issuer URL, and never shows
 * up for another provider.
 *
 * The claims may be unverified and of any type. A claim is compared, never converted: converting an object
 * such as `{"toString": 1}` to a string throws.
 */

const claim = ({ claims }: HintedToken, name: string): unknown => own(claims, name)
/** Empty if the claim is not a string. An unverified value is never converted. */
const text = (token: HintedToken, name: string): string => {
  const value = claim(token, name)
  return typeof value === 'string' ? value : ''
}
const has = ({ claims }: HintedToken, name: string): boolean => Object.hasOwn(claims, name)
const audiences = (token: HintedToken): unknown[] => [claim(token, 'aud')].flat()
const issuedBy = (token: HintedToken, prefix: string): boolean =>
  text(token, 'iss').startsWith(prefix)

const isKeycloak = (token: HintedToken): boolean =>
  /^https?:\/\/.+\/realms\/[^/]+$/.test(text(token, 'iss'))

/** Whether aud names a service other than Keycloak's own account console. */
const isForService = (token: HintedToken): boolean =>
  has(token, 'aud') && audiences(token).some((name) => name !== 'account')

/** For refusals of tokens without an actor. A refusal of an actor gets no hint. */
const actorCodes = ['actor_not_allowed', 'delegation_required'] as const

const checkClient =
  "Check the client that exchanged the token: requireClient('user-service'), or clientId of the verified token."

/** Advice for an operator who expects an actor in the tokens of one kind of exchange. */
function exchangeHint(exchange: string, isFromProvider: Hint['when']): Hint {
  return {
    codes: actorCodes,
    when: (token) => isFromProvider(token) && !has(token, 'act'),
    message: `${exchange} does not write act. ${checkClient}`,
  }
}

export const keycloakHints: readonly Hint[] = [
  exchangeHint("Keycloak's standard token exchange", isKeycloak),
  {
    codes: ['claim_missing'],
    when: (token) =>
      isKeycloak(token) && (!has(token, 'sub') || /^[a-z]{2}lt/.test(text(token, 'jti'))),
    message:
      'Keycloak omits sub if the client does not have the client scope "basic", and omits most claims ' +
      'from lightweight access tokens. Add that client scope to the client. Turn off "Always use lightweight ' +
      'access token" in its advanced settings, or turn on "Add to lightweight access token" in its mappers.',
  },
  {
    codes: ['audience_mismatch', 'claim_missing'],
    when: (token) => isKeycloak(token) && !isForService(token),
    message:
      'Keycloak adds a service to aud only if a mapper is configured. If this client calls this service ' +
      'directly, add an Audience mapper (oidc-audience-mapper) for this service to a client scope of the ' +
      'client. If another service calls this one, have that service exchange the token it received.',
  },
  {
    codes: ['audience_mismatch'],
    when: (token) => isKeycloak(token) && isForService(token),
    message:
      'The token was issued for another service. If that service forwarded it, have it exchange the token ' +
      'for one with this service as its audience (in Keycloak: "Standard token exchange" of its client, ' +
      'and an Audience mapper for this service in one of its client scopes). Do not add this service to ' +
      'the tokens of the first client: every service that receives such a token could use it here.',
  },
]

/** Auth0 adds this audience if the client requested the scope openid. Other issuers have a longer path. */
const isAuth0Userinfo = (name: unknown): boolean =>
  typeof name === 'string' && /^https:\/\/[^/]+\/userinfo$/.test(name)

export const auth0Hints: readonly Hint[] = [
  {
    codes: ['audience_mismatch'],
    when: (token) => audiences(token).some(isAuth0Userinfo),
    message:
      'Auth0 adds an API to aud only if the client requests it. Have the client send the parameter ' +
      "'audience' with the identifier of the API, and configure exactly that identifier as 'audience' here.",
  },
]

/** Used only if the provider is configured, because an opaque token does not show its provider. */
const opaqueTokens = (message: string): Hint => ({
  codes: ['token_malformed', 'token_encrypted'],
  when: ({ opaque }) => opaque === true,
  message,
})

export const auth0Opaque: Hint = opaqueTokens(
  'Auth0 issues an opaque or encrypted token to a client that does not request an API. Have the client send ' +
    "the parameter 'audience' with the identifier of the API, or set a default audience for the tenant.",
)

export const hydraOpaque: Hint = opaqueTokens(
  'Ory Hydra issues opaque access tokens by default. Set strategies.access_token to jwt in Hydra.',
)

export const betterAuthOpaque: Hint = opaqueTokens(
  "Better Auth issues an opaque token if the client does not send the parameter 'resource'. Have the client send " +
    'it, with one of the validAudiences of the oauth-provider plugin.',
)

export const zitadelOpaque: Hint = opaqueTokens(
  'ZITADEL issues opaque access tokens by default. Set the token type of the application to JWT in ZITADEL.',
)

const orgServer =
  "The token is from Okta's org authorization server. Its access tokens are for Okta itself and cannot be " +
  'verified locally. Use a custom authorization server, such as …/oauth2/default, with this service as its ' +
  'audience, and configure its issuer here.'

const isOkta = (token: HintedToken): boolean =>
  text(token, 'jti').startsWith('AT.') && has(token, 'cid')

export const oktaHints: readonly Hint[] = [
  exchangeHint("Okta's on-behalf-of exchange", isOkta),
  {
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    when: ({ typ }) => typ?.toLowerCase() === 'application/okta-internal-at+jwt',
    message: orgServer,
  },
  {
    codes: ['type_not_accepted', 'issuer_not_trusted'],
    when: ({ typ }) => typ?.toLowerCase() === 'oauth-id-jag+jwt',
    message:
      'The token is an identity assertion grant (ID-JAG), not an access token. Have the client exchange it ' +
      "for an access token at the issuer's token endpoint.",
  },
]

const clientClaims = ['client_id', 'azp', 'cid', 'appid']

/** A token without client ID, whose scopes are absent or a list, and whose nbf is the same as its iat. */
const isSpring = (token: HintedToken): boolean =>
  typeof claim(token, 'aud') === 'string' &&
  typeof claim(token, 'nbf') === 'number' &&
  claim(token, 'nbf') === claim(token, 'iat') &&
  has(token, 'jti') &&
  (!has(token, 'scope') || Array.isArray(claim(token, 'scope'))) &&
  !has(token, 'scp') &&
  !clientClaims.some((name) => has(token, name))

export const springHints: readonly Hint[] = [
  {
    codes: ['audience_mismatch'],
    when: isSpring,
    message:
      'If aud is the id of the client that requested the token, this is the default of Spring Authorization ' +
      "Server, which ignores the parameters 'resource' and 'audience' of a token exchange. Set aud there, in " +
      'an OAuth2TokenCustomizer<JwtEncodingContext>: ' +
      'context.getClaims().audience(List.of("order-service")).',
  },
]

/** The application id of Microsoft Graph, the same in all tenants. */
const graph = '00000003-0000-0000-c000-000000000000'

const isEntra = (token: HintedToken): boolean =>
  ['https://login.microsoftonline.com/', 'https://sts.windows.net/'].some((prefix) =>
    issuedBy(token, prefix),
  )

export const entraHints: readonly Hint[] = [
  exchangeHint("Microsoft Entra's on-behalf-of flow", isEntra),
  {
    codes: ['issuer_not_trusted'],
    when: (token) => issuedBy(token, 'https://sts.windows.net/'),
    message:
      'The token is an Entra version 1 token. Set api.requestedAccessTokenVersion to 2 in the manifest of ' +
      "the API's app registration, or configure entra({ tenant, version: 1 }).",
  },
  {
    codes: ['issuer_not_trusted'],
    when: (token) =>
      issuedBy(token, 'https://login.microsoftonline.com/') && claim(token, 'ver') === '2.0',
    message:
      'The token is an Entra version 2 token, from this tenant or another one. Configure entra({ tenant }) ' +
      'with the id of the tenant. Version 1 tokens have a different issuer.',
  },
  {
    codes: ['signature_invalid', 'audience_mismatch'],
    when: (token) =>
      audiences(token).some((name) => name === graph || name === 'https://graph.microsoft.com'),
    message:
      'The token is for Microsoft Graph, and only Microsoft Graph can verify it. Have the client request a ' +
      'scope of this API, such as api://<client ID>/.default.',
  },
  {
    codes: ['audience_mismatch'],
    when: (token) => has(token, 'tid') && claim(token, 'ver') === '2.0',
    message: "In Entra version 2 tokens, aud is the API's client ID, not its api:// URI.",
  },
]

/** The region of the endpoint, and the region in the id of the pool. */
const originalCognito = /^https:\/\/cognito-idp\.([a-z\d-]+)\.amazonaws\.com\/([a-z\d-]+)_/

const isCognito = (token: HintedToken): boolean =>
  claim(token, 'token_use') === 'access' &&
  (has(token, 'origin_jti') || text(token, 'iss').includes('cognito-idp.'))

export const cognitoHints: readonly Hint[] = [
  {
    codes: ['claim_missing'],
    when: (token) => isCognito(token) && !has(token, 'aud'),
    message:
      'Cognito access tokens have no aud unless the client requests a resource. Have the client request one, or ' +
      'use the client ID as the audience: cognito({ region, userPoolId, clientIdAsAudience: true }).',
  },
  {
    codes: ['issuer_not_trusted'],
    when: (token) => issuedBy(token, 'https://issuer-cognito-idp.'),
    message:
      'The token is from a Cognito user pool with the updated issuer type. Configure cognito({ region, userPoolId, ' +
      "issuerType: 'updated' }).",
  },
  {
    codes: ['issuer_not_trusted'],
    when: (token) => {
      const match = originalCognito.exec(text(token, 'iss'))
      return match !== null && match[1] !== match[2]
    },
    message:
      'The token is from a replica of a Cognito user pool. Configure the replica as an issuer, too: ' +
      'cognito({ region, userPoolId, replicaRegion }).',
  },
  {
    codes: ['issuer_not_trusted'],
    when: (token) => originalCognito.test(text(token, 'iss')),
    message:
      'The token is from a Cognito user pool with the original issuer type. Check region and userPoolId, and leave ' +
      "out issuerType: 'updated'.",
  },
]

const dexHints: readonly Hint[] = [
  {
    codes: ['not_an_access_token'],
    when: (token) =>
      has(token, 'at_hash') && !has(token, 'scope') && has(token, 'federated_claims'),
    message:
      "Dex's access tokens cannot be distinguished from its ID tokens. Configure dex(url, { acceptIdTokens: " +
      'true }) if that is acceptable here.',
  },
]

export const glewlwydHints: readonly Hint[] = [
  {
    codes: ['audience_mismatch'],
    when: (token) =>
      isGlewlwyd(token) && has(token, 'aud') && claim(token, 'aud') === claim(token, 'scope'),
    message:
      'Glewlwyd writes the scope into aud if the client does not request a resource. Have the client send the ' +
      "parameter 'resource' with the name of this service.",
  },
  {
    codes: ['issuer_not_trusted'],
    when: (token) => isGlewlwyd(token) && !has(token, 'iss'),
    message:
      "Glewlwyd's old OAuth 2 plugin does not write iss. Use its OpenID Connect plugin for this client.",
  },
]

function isGlewlwyd(token: HintedToken): boolean {
  return claim(token, 'type') === 'access_token'
}

export const nullSubjectHint: Hint = {
  codes: ['claim_malformed'],
  when: (token) => has(token, 'sub') && claim(token, 'sub') === null,
  message:
    'LemonLDAP::NG writes sub: null into the tokens that a client gets for itself. null is not a subject; have the ' +
    'client use a grant that involves a user, or remove sub at the issuer and set clientIdAsSubject.',
}

/** For tokens without a more specific hint. */
export const audienceHint: Hint = {
  codes: ['claim_missing'],
  when: (token) => !has(token, 'aud'),
  message:
    'Many servers write aud only if the client requests it. Have the client send the name of this service, in the ' +
    "parameter 'audience' (Ory Hydra, MITREid Connect) or 'resource' (RFC 8707: Authlib and others).",
}

export const scopeHint: Hint = {
  codes: ['scope_insufficient'],
  when: (token) => !has(token, 'scope') && !has(token, 'scp'),
  message:
    'The token has neither scope nor scp. Servers built with zitadel/oidc, and others, do not write scopes into access ' +
    "tokens. Add the claim at the issuer, name another one in the profile's scopeClaims, or require a role or a claim.",
}

export const subjectHint: Hint = {
  codes: ['claim_missing'],
  when: (token) =>
    has(token, 'aud') && !has(token, 'sub') && clientClaims.some((name) => has(token, name)),
  message:
    'Some servers, such as Duende IdentityServer and @jmondi/oauth2-server, omit sub from the tokens that a client ' +
    'gets for itself. To use the client ID as the subject of such tokens, set clientIdAsSubject in the profile: ' +
    'extend(defaultProfile, { clientIdAsSubject: true }).',
}

/** For all providers. Each applies to tokens that leave no doubt. */
export const generalHints: readonly Hint[] = [
  {
    codes: ['claim_malformed', 'audience_mismatch'],
    when: (token) => Array.isArray(claim(token, 'aud')) && audiences(token).length === 0,
    message:
      'aud is an empty list: the token was not issued for any service. Have the client request this service ' +
      "as the audience (in Ory Hydra: the parameter 'audience', allowed in the client's 'audience').",
  },
  {
    codes: actorCodes,
    when: (token) => !has(token, 'act'),
    message: `Have the caller exchange its token for this service. Some servers still do not write act. ${checkClient}`,
  },
]

export const allHints: readonly Hint[] = [
  ...keycloakHints,
  ...auth0Hints,
  ...oktaHints,
  ...entraHints,
  ...cognitoHints,
  ...dexHints,
  ...glewlwydHints,
  nullSubjectHint,
  subjectHint,
  scopeHint,
  audienceHint,
  // Last, because it is the least certain.
  ...springHints,
]
