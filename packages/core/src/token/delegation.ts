import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { DelegationMode } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'
import { Refusal, refuse } from '../errors/refusal.ts'

declare const audit: unique symbol

/** The party that acts now: the outermost `act`. The only actor that policy may use. */
export interface Actor {
  /** The issuer that `subject` belongs to: `act.iss`, or the token's issuer where that is absent. */
  readonly issuer: string
  /** `act.sub`: a client id, a service account's id or a user's id, depending on the issuer. */
  readonly subject: string
  /** `act.client_id`, which some issuers write; or `act.sub`, where the profile says it is one. */
  readonly clientId: string | undefined
  /** All members of `act` but the nested `act`. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly [audit]?: never
}

/**
 * A party that acted earlier: a nested `act`. For audit only. RFC 8693 section 4.1 says that nested
 * actors are not to be considered in access control. So this is no `Actor`: what takes one, such as
 * a guard, does not take it.
 */
export interface PriorActor extends Omit<Actor, typeof audit> {
  readonly [audit]: 'never for access control'
}

/** Who acts for the subject. Minted here only. */
export interface Delegation {
  readonly actor: Actor | undefined
  readonly priorActors: readonly PriorActor[]
}

/** An `act` chain as far as it can be read. For records; policy gets a `Delegation`. */
export interface Chain {
  /** Who acts now, then who acted before. */
  readonly actors: readonly Actor[]
  /** How many `act` are nested in each other, with those that cannot be read. */
  readonly depth: number
  /** What is wrong with the rest: the token is refused for it. */
  readonly refusal: Refusal | undefined
}

/** The issuer of a token, as far as its actors depend on it. */
export interface ActorContext {
  readonly issuer: string
  readonly profile: Pick<Profile, 'actorSubjectIsClient'>
}

const maxMembers = 16
const maxLength = 1024

/**
 * Reads `act` (RFC 8693 section 4.1). A malformed one refuses the token: to ignore it would turn a
 * delegated token into a direct one. `exp`, `nbf` and `aud` inside `act` mean nothing, as that
 * section says.
 */
export function readDelegation(
  claims: JsonObject,
  context: ActorContext,
  maxDepth: number,
): Delegation | Refusal {
  const { actors, refusal } = readChain(claims, context, maxDepth)
  if (refusal) return refusal
  const [actor, ...prior] = actors
  return { actor, priorActors: Object.freeze(prior as unknown as PriorActor[]) }
}

/** Outermost first and without recursion, so that no depth can exhaust the stack. */
export function readChain(claims: JsonObject, context: ActorContext, maxDepth: number): Chain {
  const actors: Actor[] = []
  let refusal: Refusal | undefined
  let depth = 0
  let holder: unknown = claims
  while (isJsonObject(holder) && Object.hasOwn(holder, 'act')) {
    depth += 1
    holder = own(holder, 'act')
    if (refusal) continue
    const actor = depth > maxDepth ? tooLong(maxDepth) : readActor(holder, depth, context)
    if (actor instanceof Refusal) refusal = actor
    else actors.push(actor)
  }
  return { actors, depth, refusal }
}

function tooLong(maxDepth: number): Refusal {
  return refuse('actor_chain_too_long', `act is nested deeper than ${maxDepth}`)
}

/** Whether an actor must be named, must not be, or may be. */
export function checkDelegation(
  actor: Actor | undefined,
  wanted: DelegationMode,
): Refusal | undefined {
  if (wanted === 'delegated' && !actor) {
    return refuse(
      'delegation_required',
      'the token names no actor (act), and only delegated access is allowed',
    )
  }
  if (wanted === 'direct' && actor) {
    return refuse(
      'delegation_forbidden',
      'the token names an actor (act), and only direct access is allowed',
    )
  }
  return undefined
}

/** `may_act` (RFC 8693 section 4.4): who may become the actor. Exposed, never used here. */
export function readMayAct(
  claims: JsonObject,
): Readonly<Record<string, unknown>> | undefined | Refusal {
  if (!Object.hasOwn(claims, 'may_act')) return undefined
  const mayAct = own(claims, 'may_act')
  const problem = problemOf(mayAct)
  if (problem) return refuse('actor_malformed', `may_act: ${problem}`)
  return withoutAct(mayAct as JsonObject)
}

function readActor(act: unknown, level: number, context: ActorContext): Actor | Refusal {
  const problem = problemOf(act) ?? withoutSub(act as JsonObject)
  if (problem) return refuse('actor_malformed', `act, level ${level}: ${problem}`)
  const members = act as JsonObject
  const issuer = (own(members, 'iss') ?? context.issuer) as string
  const subject = own(members, 'sub') as string
  // A client id is the issuer's own: another issuer's actor is none of its clients.
  const isClient = context.profile.actorSubjectIsClient && issuer === context.issuer
  const clientId = own(members, 'client_id') ?? (isClient ? subject : undefined)
  return Object.freeze({
    issuer,
    subject,
    clientId: clientId as string | undefined,
    claims: withoutAct(members),
  })
}

function problemOf(party: unknown): string | undefined {
  if (!isJsonObject(party)) return 'it is not an object'
  const entries = Object.entries(party)
  if (entries.length === 0) return 'it names nobody'
  if (entries.length > maxMembers) return `it has more than ${maxMembers} members`
  const identity = ['sub', 'iss', 'client_id'].find(
    (name) => Object.hasOwn(party, name) && !isId(party[name]),
  )
  if (identity) return `${identity} is not a non-empty string`
  const long = entries.find(([name, value]) => name !== 'act' && sizeOf(value) > maxLength)
  return long && `a member is longer than ${maxLength} characters`
}

function withoutSub(party: JsonObject): string | undefined {
  return Object.hasOwn(party, 'sub') ? undefined : 'there is no sub'
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' ? value.length : JSON.stringify(value).length
}

/** A copy without `act`, so that nothing which policy sees leads to a prior actor. */
export function withoutAct(object: JsonObject): Readonly<Record<string, unknown>> {
  const copy = new Members()
  for (const name of Object.keys(object)) {
    if (name === 'act') continue
    copy[name] = object[name]
    deepFreeze(object[name])
  }
  return Object.freeze(copy)
}

/**
 * Inherits from an empty object instead of from nothing: V8 keeps objects without a prototype as hash
 * tables, which take six times as long to fill and freeze.
 */
class Members {
  [name: string]: unknown
  static {
    Object.setPrototypeOf(this.prototype, null)
    Reflect.deleteProperty(this.prototype, 'constructor')
    Object.freeze(this.prototype)
  }
}

/** The parser bounds the depth, so recursion is safe here. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const member of Object.values(value)) deepFreeze(member)
  Object.freeze(value)
}
