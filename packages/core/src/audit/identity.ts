import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { type Actor, type PriorActor, readChain } from '../token/delegation.ts'
import { type JsonObject, own } from '../lib/json.ts'
import type { Unverified } from '../jose/jws.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type { Anomaly, Identity, RecordedActor } from '../options/decision-record.ts'
import { readScopes } from '../options/scope.ts'
import type { Verified } from '../jose/signature.ts'
import type { AccessToken } from '../token/access-token.ts'
import { sha256 } from '#crypto'

type Party = Actor | PriorActor

/**
 * What a record says about an access token. It is read from the token alone, so a token from the
 * cache needs nothing else.
 */
export function identityOf(token: AccessToken, policy: Policy): Identity {
  const { subject, issuer, clientId, actor, priorActors, audience, scopes, claims, raw } = token
  const actors = actor ? [actor, ...priorActors] : []
  return {
    issuer,
    subject,
    ...defined({ clientId }),
    ...actorMembers({ actors, depth: actors.length }, { issuer, subject }),
    audience,
    scopes,
    ...tokenReference(raw, claims),
    ...selectedClaims(claims, policy.records.claims),
  }
}

/**
 * What a record says about a refused token whose signature is valid. The issuer wrote the claims, but
 * they may have any type: a value of the wrong type is left out.
 */
export function claimedIdentity(
  { raw, claims }: Verified,
  issuer: IssuerPolicy,
  policy: Policy,
): Identity {
  const subject = nonEmptyString(own(claims, 'sub'))
  const chain = readChain(claims, issuer, policy.maxActorDepth)
  return {
    issuer: issuer.issuer,
    ...defined({ subject }),
    ...claimedMembers(claims, issuer),
    ...actorMembers(chain, { issuer: issuer.issuer, subject }),
    ...tokenReference(raw, claims),
    ...selectedClaims(claims, policy.records.claims),
  }
}

function claimedMembers(claims: JsonObject, { profile }: IssuerPolicy): Identity {
  const firstPresent = (names: readonly string[]): unknown =>
    names.map((name) => own(claims, name)).find((value) => value !== undefined)
  const aud = firstPresent(profile.audienceClaims ?? ['aud'])
  const audience = typeof aud === 'string' ? [aud] : aud
  return defined({
    clientId: nonEmptyString(firstPresent(profile.clientClaims)),
    audience: Array.isArray(audience) ? audience.filter((name) => nonEmptyString(name)) : undefined,
    scopes: readScopes(firstPresent(profile.scopeClaims)),
  })
}

/** Identifies the token and its key. The header is verified too, because the signature covers it. */
function tokenReference(raw: string, claims: JsonObject): Identity {
  const { kid, alg } = decodeProtectedHeader(raw)
  const jti = nonEmptyString(own(claims, 'jti'))
  return defined({ kid, alg, jti, tokenSha256: jti === undefined ? sha256(raw) : undefined })
}

interface ActorChain {
  readonly actors: readonly Party[]
  /** The number of actors in the token, including those missing from `actors`. */
  readonly depth: number
}

interface Subject {
  readonly issuer: string
  readonly subject: string | undefined
}

function actorMembers({ actors, depth }: ActorChain, subject: Subject): Identity {
  if (depth === 0) return {}
  const recorded = actors.map(recordedActor)
  const anomalies = anomaliesOf(actors, subject)
  return {
    ...defined({ actor: recorded[0] }),
    chain: { actors: recorded, depth, truncated: depth > recorded.length },
    ...(anomalies.length > 0 && { anomalies }),
  }
}

/** These claims have no meaning inside `act`. */
const ignoredClaims = ['exp', 'nbf', 'aud', 'cnf']

function anomaliesOf(actors: readonly Party[], subject: Subject): Anomaly[] {
  const keys = actors.map(keyOf)
  const found: Readonly<Record<Anomaly, boolean>> = {
    actor_repeated: new Set(keys).size < keys.length,
    actor_is_subject: keys[0] === keyOf(subject),
    actor_claims_ignored: actors.some(({ claims }) =>
      ignoredClaims.some((name) => Object.hasOwn(claims, name)),
    ),
  }
  return (Object.keys(found) as Anomaly[]).filter((anomaly) => found[anomaly])
}

/** One string per pair of issuer and subject, for comparison. */
function keyOf({ issuer, subject }: Subject): string {
  return JSON.stringify([issuer, subject])
}

function recordedActor({ issuer, subject, clientId }: Party): RecordedActor {
  return { issuer, subject, ...defined({ clientId }) }
}

function selectedClaims(claims: JsonObject, names: readonly string[]): Identity {
  const present = names.filter((name) => Object.hasOwn(claims, name))
  if (present.length === 0) return {}
  return { claims: Object.fromEntries(present.map((name) => [name, claims[name]])) }
}

function nonEmptyString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The members that are not `undefined`. In a record, an unknown value is absent. */
function defined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}

/**
 * What a record says about a token whose signature is not verified: the hash of the token, and the
 * names that it claims, escaped for logs and cut to 128 characters.
 */
export function unverifiedIdentity({ raw, header, claims }: Unverified): Identity {
  const names = { issuer: own(claims, 'iss'), kid: header.kid, alg: header.alg }
  const strings = Object.entries(names).filter(([, value]) => typeof value === 'string')
  return {
    tokenSha256: sha256(raw),
    unverified: Object.fromEntries(
      strings.map(([name, value]) => [name, escapeForLog(value as string)]),
    ),
  }
}

function escapeForLog(value: string): string {
  const escaped = value
    .slice(0, 128)
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${hex(character)}`)
  return escaped.slice(0, 128)
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0')
}
