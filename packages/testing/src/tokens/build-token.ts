import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../keys/signing-keys.ts'
import { checkOptions, misuse } from '../check-options.ts'
import { type ActorClaims, type Shape, type ShapeEntry, shapes } from './providers.ts'
import {
  type IdTokenOptions,
  idTokenRules,
  type TokenOptions,
  tokenRules,
} from './token-options.ts'

/** A token before it is signed. */
export interface Draft {
  readonly header: JsonObject
  readonly payload: JsonObject
}

/** What the issuer adds to the options. */
export interface Situation {
  readonly issuer: string
  readonly shape: Shape
  /** The time, in whole seconds since 1970. */
  readonly now: number
}

const lifetime = 300

/** Options of `token` to header and payload. */
export function draftToken(options: TokenOptions, situation: Situation): Draft {
  checkOptions('token', options, tokenRules)
  checkAudience('token', options)
  const shape = shapes[options.shape ?? situation.shape]
  checkShape(options, shape)
  return {
    header: { typ: shape.typ, ...options.header },
    payload: { ...claimsOf(options, shape, situation), ...options.claims },
  }
}

function claimsOf(
  options: TokenOptions,
  shape: ShapeEntry,
  { issuer, now }: Situation,
): JsonObject {
  const { sub = 'user-42', expiresIn = lifetime } = options
  const exp = now + expiresIn
  const iat = numericDate(options.issuedAt, now) ?? (expiresIn > 0 ? now : exp - lifetime)
  const spell = (actor: string | ActorClaims): ActorClaims | undefined =>
    typeof actor === 'string' ? shape.actor?.(actor, issuer) : actor
  const act = nest((options.actors ?? []).map(spell))
  return {
    iss: issuer,
    sub,
    exp,
    iat,
    ...shape.also({ sub, iat, delegated: act !== undefined }),
    ...audienceAndClient(options, shape),
    ...scopeOf(options.scope, shape),
    ...present({
      act,
      may_act: options.mayAct && spell(options.mayAct),
      nbf: numericDate(options.notBefore, now),
    }),
  }
}

/** The first actor outermost, each later one inside the one before: RFC 8693 section 4.1. */
const nest = (actors: readonly (JsonObject | undefined)[]): JsonObject | undefined =>
  actors.reduceRight((prior, actor) => ({ ...actor, ...present({ act: prior }) }), undefined)

function audienceAndClient(options: TokenOptions, shape: ShapeEntry): JsonObject {
  if (shape.audience === 'client_id') return { client_id: options.aud }
  const { aud } = options
  return {
    aud: shape.audience === 'array' ? [aud].flat() : aud,
    ...(shape.client && { [shape.client]: options.clientId ?? clientOf(options.actors?.[0]) }),
  }
}

const clientOf = (actor: string | ActorClaims | undefined): string =>
  (typeof actor === 'string' ? actor : actor?.client_id) ?? 'test-client'

function scopeOf(scope: TokenOptions['scope'], shape: ShapeEntry): JsonObject {
  if (scope === undefined || !shape.scope) return {}
  const [claim, form] = shape.scope
  const list = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : scope
  return { [claim]: form === 'array' ? list : list.join(' ') }
}

const numericDate = (when: number | Date | undefined, now: number): number | undefined =>
  when instanceof Date ? when.getTime() / 1000 : when === undefined ? undefined : now + when

const present = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

function checkAudience(call: string, options: { readonly aud: unknown }): void {
  if (options.aud === undefined) {
    throw misuse(
      `${call} needs 'aud', the name of the service the token is for. ` +
        `To mint a token without an audience, also write claims: { aud: undefined }.`,
    )
  }
}

/** An option that the provider has no place for is a mistake, and never dropped in silence. */
function checkShape(options: TokenOptions, shape: ShapeEntry): void {
  const places = {
    actors: shape.actor,
    mayAct: shape.actor,
    scope: shape.scope,
    clientId: shape.client,
  }
  for (const [option, place] of Object.entries(places)) {
    if (!place && Object.hasOwn(options, option)) {
      throw misuse(
        `token: ${shape.name} writes nothing for '${option}' into its tokens. Leave it out, ` +
          `choose another shape, or write the claim yourself with claims.`,
      )
    }
  }
  if (shape.audience === 'client_id' && (options.clientId || typeof options.aud !== 'string')) {
    throw misuse(
      `token: a ${shape.name} token has no aud, its client_id is the audience. ` +
        `Give one name as aud, and leave clientId out.`,
    )
  }
}

/** Options of `idToken` to header and payload. */
export function draftIdToken(options: IdTokenOptions, { issuer, now }: Situation): Draft {
  checkOptions('idToken', options, idTokenRules)
  checkAudience('idToken', options)
  const random = (): string => randomBytes(16).toString('base64url')
  const { aud, sub = 'user-42', nonce = random(), expiresIn = lifetime } = options
  const iat = expiresIn > 0 ? now : now + expiresIn - lifetime
  return {
    header: { typ: 'JWT', ...options.header },
    payload: {
      ...{ iss: issuer, sub, aud, exp: now + expiresIn, iat, auth_time: iat },
      ...{ nonce, at_hash: random() },
      ...options.claims,
    },
  }
}
