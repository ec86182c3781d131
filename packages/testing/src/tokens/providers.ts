import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { JsonObject, KeySetTraits } from '../keys/signing-keys.ts'

/** An authorization server whose tokens can be imitated. */
export type Shape =
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
 * The claims of one actor, RFC 8693 section 4.1, without those of prior actors: the list of actors
 * is nested for you.
 */
export interface ActorClaims {
  readonly sub: string
  readonly iss?: string
  readonly client_id?: string
  readonly act?: never
  readonly [claim: string]: unknown
}

/** What is known of a token before the provider adds its own. */
interface Facts {
  readonly sub: string
  readonly iat: number
  readonly delegated: boolean
}

/** How one provider writes a token. What it does not write is absent. */
export interface ShapeEntry {
  readonly name: string
  readonly typ?: 'at+jwt' | 'JWT'
  readonly client?: 'client_id' | 'azp' | 'cid' | 'appid'
  /** `client_id`: there is no `aud`, the client id stands for it. */
  readonly audience: 'as given' | 'array' | 'client_id'
  readonly scope?: readonly [claim: 'scope' | 'scp', form: 'string' | 'array']
  /** How an actor is written who was given by name. */
  readonly actor?: (name: string, issuer: string) => ActorClaims
  readonly also: (facts: Facts) => JsonObject
  readonly keySet?: KeySetTraits
}

const random = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** A UUID that is the same for the same name. */
const uuidOf = (name: string): string =>
  createHash('sha256')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5')

const bySubject = (sub: string): ActorClaims => ({ sub })
const byIssuer = (sub: string, iss: string): ActorClaims => ({ iss, sub })

const id = (): JsonObject => ({ jti: randomUUID() })
const idAndStart = ({ iat }: Facts): JsonObject => ({ jti: randomUUID(), nbf: iat })
const entra = ({ sub, iat }: Facts): JsonObject => ({
  nbf: iat,
  oid: uuidOf(sub),
  tid: uuidOf('tenant'),
  uti: random(16),
})

/**
 * What the providers' access tokens look like. A new provider is a new row; a test holds each row
 * against a sample of a real token where there is one.
 */
export const shapes: Readonly<Record<Shape, ShapeEntry>> = {
  rfc9068: {
    name: 'RFC 9068',
    typ: 'at+jwt',
    client: 'client_id',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: bySubject,
    also: id,
  },
  keycloak: {
    name: 'Keycloak',
    typ: 'JWT',
    client: 'azp',
    audience: 'as given',
    scope: ['scope', 'string'],
    // The subject is the service account's user, which is not the client.
    actor: (name) => ({ sub: uuidOf(name), client_id: name }),
    also: ({ delegated }) => ({
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
    also: () => ({}),
  },
  'auth0-rfc9068': {
    name: 'Auth0 with its RFC 9068 profile',
    typ: 'at+jwt',
    client: 'client_id',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: bySubject,
    also: () => ({ jti: random(16) }),
  },
  okta: {
    name: 'Okta',
    client: 'cid',
    audience: 'as given',
    scope: ['scp', 'array'],
    also: ({ sub, iat }) => ({
      ver: 1,
      jti: `AT.${random(32)}`,
      uid: `00u${uuidOf(sub).replaceAll('-', '').slice(0, 17)}`,
      auth_time: iat,
    }),
  },
  'okta-agent': {
    name: 'Okta for agents',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: (sub) => ({ sub, sub_profile: 'ai_agent' }),
    also: () => ({ sub_profile: 'service' }),
  },
  'spring-authorization-server': {
    name: 'Spring Authorization Server',
    audience: 'as given',
    scope: ['scope', 'array'],
    actor: byIssuer,
    also: idAndStart,
    keySet: { withoutAlg: true },
  },
  entra: {
    name: 'Entra ID',
    typ: 'JWT',
    client: 'azp',
    audience: 'as given',
    scope: ['scp', 'string'],
    also: (facts) => ({ ...entra(facts), ver: '2.0', azpacr: '1' }),
    keySet: { withoutAlg: true },
  },
  'entra-v1': {
    name: 'Entra ID, version 1',
    typ: 'JWT',
    client: 'appid',
    audience: 'as given',
    scope: ['scp', 'string'],
    also: (facts) => ({ ...entra(facts), ver: '1.0', appidacr: '1' }),
    keySet: { withoutAlg: true },
  },
  cognito: {
    name: 'Cognito',
    client: 'client_id',
    audience: 'client_id',
    scope: ['scope', 'string'],
    also: ({ sub, iat }) => ({
      ...id(),
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
    also: () => ({ jti: random(32) }),
  },
  zitadel: {
    name: 'ZITADEL',
    typ: 'JWT',
    audience: 'array',
    actor: byIssuer,
    also: idAndStart,
  },
  hydra: {
    name: 'Ory Hydra',
    typ: 'JWT',
    client: 'client_id',
    audience: 'array',
    scope: ['scp', 'array'],
    also: (facts) => ({ ...idAndStart(facts), ext: {} }),
  },
  wso2: {
    name: 'WSO2',
    typ: 'at+jwt',
    client: 'client_id',
    audience: 'as given',
    scope: ['scope', 'string'],
    actor: bySubject,
    also: idAndStart,
  },
}

export const shapeNames: readonly string[] = Object.keys(shapes)
