import { type Actor, type PriorActor, readChain } from '../token/delegation.ts'
import { type JsonObject, own } from '../lib/json.ts'
import { escapeUpTo } from '../lib/quote.ts'
import { headerOf, type Unverified, type UnverifiedProof } from '../jose/jws.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type {
  Anomaly,
  Identity,
  RecordedActor,
  UnverifiedNames,
} from '../options/decision-record.ts'
import type { Profile } from '../options/profile.ts'
import { readScopes } from '../options/scope.ts'
import type { Verified } from '../jose/signature.ts'
import { type AccessToken, profileOf, wasIntrospected } from '../token/access-token.ts'
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
    ...actorMembers({ actors, depth: actors.length }),
    ...anomaliesOf(actors, { issuer, subject }, claims, profileOf(token)),
    audience,
    scopes,
    ...tokenReference(raw, claims, !wasIntrospected(token)),
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
  const members = claimedMembers(claims, issuer)
  const substitute = issuer.profile.clientIdAsSubject ? members.clientId : undefined
  const subject = Object.hasOwn(claims, 'sub') ? nonEmptyString(claims['sub']) : substitute
  const chain = readChain(claims, issuer, policy.maxActorDepth)
  const party = { issuer: issuer.issuer, subject }
  return {
    issuer: issuer.issuer,
    ...defined({ subject }),
    ...members,
    ...actorMembers(chain),
    ...anomaliesOf(chain.actors, party, claims, issuer.profile),
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
function tokenReference(raw: string, claims: JsonObject, isSigned = true): Identity {
  const header = isSigned ? headerOf(raw) : undefined
  const jti = nonEmptyString(own(claims, 'jti'))
  return defined({
    kid: header?.kid,
    alg: header?.alg,
    jti,
    tokenSha256: jti === undefined ? sha256(raw) : undefined,
  })
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

function actorMembers({ actors, depth }: ActorChain): Identity {
  if (depth === 0) return {}
  const recorded = actors.map(recordedActor)
  return {
    ...defined({ actor: recorded[0] }),
    chain: { actors: recorded, depth, truncated: depth > recorded.length },
  }
}

/** These claims have no meaning inside `act`. */
const ignoredClaims = ['exp', 'nbf', 'aud', 'cnf']

type TokenAnomaly = Exclude<Anomaly, 'confirmation_ignored'>

function anomaliesOf(
  actors: readonly Party[],
  subject: Subject,
  claims: JsonObject,
  { scopeClaims }: Profile,
): Pick<Identity, 'anomalies'> {
  const keys = actors.map(keyOf)
  const found: Readonly<Record<TokenAnomaly, boolean>> = {
    actor_repeated: new Set(keys).size < keys.length,
    actor_is_subject: keys[0] === keyOf(subject),
    actor_claims_ignored: actors.some((actor) =>
      ignoredClaims.some((name) => Object.hasOwn(actor.claims, name)),
    ),
    scopes_differ: differ(scopeClaims.concat('scope', 'scp'), claims),
  }
  const anomalies = (Object.keys(found) as TokenAnomaly[]).filter((anomaly) => found[anomaly])
  return anomalies.length > 0 ? { anomalies } : {}
}

/** Whether two of these claims contain different scopes. A claim of the wrong type is left out. */
function differ(names: readonly string[], claims: JsonObject): boolean {
  const contents = names.map((name) => readScopes(own(claims, name))?.toSorted().join(' '))
  return new Set(contents.filter((content) => content !== undefined)).size > 1
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

const maxLength = 128

/**
 * What a record says about a token whose signature is not verified: the hash of the token, and the
 * names that it claims, escaped for logs and cut to 128 characters.
 */
export function unverifiedIdentity({ raw, header, claims }: Unverified): Identity {
  const names = { issuer: own(claims, 'iss'), kid: header.kid, alg: header.alg }
  return { tokenSha256: sha256(raw), unverified: shownNames(names) }
}

/** The target that a refused proof names. Without its URL if paths are redacted. */
export function unverifiedProof(
  { claims }: UnverifiedProof,
  { records: { pseudonymKey } }: Policy,
): UnverifiedNames {
  const names = { htm: own(claims, 'htm'), htu: pseudonymKey ? undefined : own(claims, 'htu') }
  return shownNames(names)
}

function shownNames(
  names: Readonly<Partial<Record<keyof UnverifiedNames, unknown>>>,
): UnverifiedNames {
  const strings = Object.entries(names).filter(([, value]) => typeof value === 'string')
  return Object.fromEntries(
    strings.map(([name, value]) => [name, escapeUpTo(value as string, maxLength)]),
  )
}
