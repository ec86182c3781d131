import { decodeProtectedHeader } from 'jose'
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

/** What may be recorded of an access token. From itself alone, so that a remembered one needs no more. */
export function identityOf(token: AccessToken, policy: Policy): Identity {
  const { subject, issuer, clientId, actor, priorActors, audience, scopes, claims, raw } = token
  const actors = actor ? [actor, ...priorActors] : []
  return {
    issuer,
    subject,
    ...given({ clientId }),
    ...acting({ actors, depth: actors.length }, { issuer, subject }),
    audience,
    scopes,
    ...evidenceOf(raw, claims),
    ...chosenClaims(claims, policy.records.claims),
  }
}

/**
 * What may be recorded of a token whose signature holds and which was refused: the issuer's words,
 * and they may be of any shape. What is no word is left out.
 */
export function claimedIdentity(
  { raw, claims }: Verified,
  issuer: IssuerPolicy,
  policy: Policy,
): Identity {
  const subject = text(own(claims, 'sub'))
  const chain = readChain(claims, issuer, policy.maxActorDepth)
  return {
    issuer: issuer.issuer,
    ...given({ subject }),
    ...claimedWords(claims, issuer),
    ...acting(chain, { issuer: issuer.issuer, subject }),
    ...evidenceOf(raw, claims),
    ...chosenClaims(claims, policy.records.claims),
  }
}

function claimedWords(claims: JsonObject, { profile }: IssuerPolicy): Identity {
  const first = (names: readonly string[]): unknown =>
    names.map((name) => own(claims, name)).find((value) => value !== undefined)
  const aud = first(profile.audienceClaims ?? ['aud'])
  const audience = typeof aud === 'string' ? [aud] : aud
  return given({
    clientId: text(first(profile.clientClaims)),
    audience: Array.isArray(audience) ? audience.filter((name) => text(name)) : undefined,
    scopes: readScopes(first(profile.scopeClaims)),
  })
}

/** Which token it was, by which key. The signature covers the header, so its words are the issuer's. */
function evidenceOf(raw: string, claims: JsonObject): Identity {
  const { kid, alg } = decodeProtectedHeader(raw)
  const jti = text(own(claims, 'jti'))
  return given({ kid, alg, jti, tokenSha256: jti === undefined ? sha256(raw) : undefined })
}

interface Acting {
  readonly actors: readonly Party[]
  readonly depth: number
}

interface Subject {
  readonly issuer: string
  readonly subject: string | undefined
}

function acting({ actors, depth }: Acting, subject: Subject): Identity {
  if (depth === 0) return {}
  const shown = actors.map(recorded)
  const anomalies = anomaliesOf(actors, subject)
  return {
    ...given({ actor: shown[0] }),
    chain: { actors: shown, depth, truncated: depth > shown.length },
    ...(anomalies.length > 0 && { anomalies }),
  }
}

const ignored = ['exp', 'nbf', 'aud', 'cnf']

function anomaliesOf(actors: readonly Party[], subject: Subject): Anomaly[] {
  const identities = actors.map(identity)
  const found: Readonly<Record<Anomaly, boolean>> = {
    actor_repeated: new Set(identities).size < identities.length,
    actor_is_subject: identities[0] === identity(subject),
    actor_claims_ignored: actors.some(({ claims }) =>
      ignored.some((name) => Object.hasOwn(claims, name)),
    ),
  }
  return (Object.keys(found) as Anomaly[]).filter((anomaly) => found[anomaly])
}

function identity({ issuer, subject }: Subject): string {
  return JSON.stringify([issuer, subject])
}

function recorded({ issuer, subject, clientId }: Party): RecordedActor {
  return { issuer, subject, ...given({ clientId }) }
}

function chosenClaims(claims: JsonObject, names: readonly string[]): Identity {
  const chosen = names.filter((name) => Object.hasOwn(claims, name))
  if (chosen.length === 0) return {}
  return { claims: Object.fromEntries(chosen.map((name) => [name, claims[name]])) }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the members that are `undefined`: in a record, unknown is absent. */
function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Given<T>
}

/** Of a token that nobody vouches for: which one it was, and its names, made harmless for logs. */
export function unverifiedIdentity({ raw, header, claims }: Unverified): Identity {
  const names = { issuer: own(claims, 'iss'), kid: header.kid, alg: header.alg }
  const shown = Object.entries(names).filter(([, value]) => typeof value === 'string')
  return {
    tokenSha256: sha256(raw),
    unverified: Object.fromEntries(shown.map(([name, value]) => [name, harmless(value as string)])),
  }
}

function harmless(value: string): string {
  const escaped = value
    .slice(0, 128)
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${hex(character)}`)
  return escaped.slice(0, 128)
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0')
}
