import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { JsonObject, KeySetTraits } from '../keys/signing-keys.ts'

/** A provider whose tokens can be imitated, identified by the ID that core's providers use. */
export type ProviderId =
  | 'rfc9068'
  | 'keycloak'
  | 'auth0'
  | 'auth0-rfc9068'
  | 'okta'
  | 'okta-agent'
  | 'spring-authorization-server'
  | 'entra'
  | 'entra-v1'
  | 'cognito'
  | 'oidc-provider'
  | 'zitadel'
  | 'hydra'
  | 'wso2'

/**
 * The claims of one actor: RFC 8693 section 4.1. `act` is not allowed, because the test issuer nests
 * the list of actors itself.
 */
export interface ActorClaims {
  readonly sub: string
  readonly iss?: string
  readonly client_id?: string
  readonly act?: never
  readonly [claim: string]: unknown
}

/** The values that a provider's other claims depend on. */
interface TokenFacts {
  readonly sub: string
  readonly iat: number
  readonly delegated: boolean
}

/** The format of one provider's tokens. A claim that the provider does not issue is absent here. */
export interface ProviderTokens {
  readonly name: string
  readonly typ?: 'at+jwt' | 'JWT'
  readonly client?: 'client_id' | 'azp' | 'cid' | 'appid'
  /** `client_id` if the token has no `aud`, and the client ID identifies the audience. */
  readonly audience: 'as given' | 'array' | 'client_id'
  readonly scope?: readonly [claim: 'scope' | 'scp', format: 'string' | 'array']
  /** The claims of an actor that was given as a string. */
  readonly actor?: (name: string, issuer: string) => ActorClaims
  /** Every claim that no option sets. */
  readonly otherClaims: (facts: TokenFacts) => JsonObject
  readonly keySet?: KeySetTraits
}

const random = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** A UUID that is always the same for the same name. */
const uuidOf = (name: string): string =>
  createHash('sha256')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5')

const bySubject = (sub: string): ActorClaims => ({ sub })
const byIssuer = (sub: string, iss: string): ActorClaims => ({ iss, sub })

const jti = (): JsonObject => ({ jti: randomUUID() })
const jtiAndNbf = ({ iat }: TokenFacts): JsonObject => ({ jti: randomUUID(), nbf: iat })
const entraClaims = ({ sub, iat }: TokenFacts): JsonObject => ({
  nbf: iat,
  oid: uuidOf(sub),
  tid: uuidOf('tenant'),
  uti: random(16),
})

/**
 * The access tokens of the providers. Each row is tested against a sample of a real token, if there
 * is one.
 */
export const providers: Readonly<Record<ProviderId, ProviderTokens>> = {
  rfc9068: {
    name: 'RFC 9068',
    typ: 'at+jwt',
    client: 'client_id',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: bySubject,
    otherClaims: jti,
  },
  keycloak: {
    name: 'Keycloak',
    typ: 'JWT',
    client: 'azp',
    audience: 'as given',
    scope: ['scope', 'string'],
    // The subject is the user of the service account, which differs from the client ID.
    actor: (name) => ({ sub: uuidOf(name), client_id: name }),
    otherClaims: ({ delegated }) => ({
      typ: 'Bearer',
      jti: `${delegated ? 'trrtte' : 'onrtac'}:${randomUUID()}`,
      ...(delegated ? {} : { sid: randomUUID() }),
    }),
    keySet: { encryptionKey: true },
  },
  auth0: {
    name: 'Auth0',
    typ: 'JWT',
    client: 'azp',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: bySubject,
    otherClaims: () => ({}),
  },
  'auth0-rfc9068': {
    name: 'Auth0 (RFC 9068 profile)',
    typ: 'at+jwt',
    client: 'client_id',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: bySubject,
    otherClaims: () => ({ jti: random(16) }),
  },
  okta: {
    name: 'Okta',
    client: 'cid',
    audience: 'as given',
    scope: ['scp', 'array'],
    otherClaims: ({ sub, iat }) => ({
      ver: 1,
      jti: `AT.${random(32)}`,
      uid: `00u${uuidOf(sub).replaceAll('-', '').slice(0, 17)}`,
      auth_time: iat,
    }),
  },
  'okta-agent': {
    name: 'Okta agent',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: (sub) => ({ sub, sub_profile: 'ai_agent' }),
    otherClaims: () => ({ sub_profile: 'service' }),
  },
  'spring-authorization-server': {
    name: 'Spring Authorization Server',
    audience: 'as given',
    scope: ['scope', 'array'],
    actor: byIssuer,
    otherClaims: jtiAndNbf,
    keySet: { withoutAlg: true },
  },
  entra: {
    name: 'Entra ID',
    typ: 'JWT',
    client: 'azp',
    audience: 'as given',
    scope: ['scp', 'string'],
    otherClaims: (facts) => ({ ...entraClaims(facts), ver: '2.0', azpacr: '1' }),
    keySet: { withoutAlg: true },
  },
  'entra-v1': {
    name: 'Entra ID v1',
    typ: 'JWT',
    client: 'appid',
    audience: 'as given',
    scope: ['scp', 'string'],
    otherClaims: (facts) => ({ ...entraClaims(facts), ver: '1.0', appidacr: '1' }),
    keySet: { withoutAlg: true },
  },
  cognito: {
    name: 'Cognito',
    client: 'client_id',
    audience: 'client_id',
    scope: ['scope', 'string'],
    otherClaims: ({ sub, iat }) => ({
      ...jti(),
      origin_jti: randomUUID(),
      token_use: 'access',
      auth_time: iat,
      username: sub,
    }),
  },
  'oidc-provider': {
    name: 'oidc-provider',
    typ: 'at+jwt',
    client: 'client_id',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: (name, iss) => ({ sub: name, iss, client_id: name }),
    otherClaims: () => ({ jti: random(32) }),
  },
  zitadel: {
    name: 'ZITADEL',
    typ: 'JWT',
    audience: 'array',
    actor: byIssuer,
    otherClaims: jtiAndNbf,
  },
  hydra: {
    name: 'Ory Hydra',
    typ: 'JWT',
    client: 'client_id',
    audience: 'array',
    scope: ['scp', 'array'],
    otherClaims: (facts) => ({ ...jtiAndNbf(facts), ext: {} }),
  },
  wso2: {
    name: 'WSO2',
    typ: 'at+jwt',
    client: 'client_id',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: bySubject,
    otherClaims: jtiAndNbf,
  },
}

export const providerIds: readonly string[] = Object.keys(providers)
