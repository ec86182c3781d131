import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { DelegationMode } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'
import { Refusal, refuse } from '../errors/refusal.ts'

/** Exists in types only. It makes `PriorActor` incompatible with `Actor`. */
declare const auditOnly: unique symbol
declare const brand: unique symbol

/**
 * The current actor: the party that acts for the subject, from the outermost `act` (RFC 8693 section
 * 4.1). It is the only actor that access decisions may use.
 *
 * An actor does not prove a token exchange: some issuers write `act` without an exchange, and some
 * exchange tokens without writing `act`. Use `requireClient` to check which client obtained the
 * token.
 */
export interface Actor {
  /** The issuer of `subject`: `act.iss`, or the token's issuer if `act.iss` is absent. */
  readonly issuer: string
  /**
   * `act.sub`: the ID of a client, a service account, or a user, depending on the issuer. Unique only
   * together with `issuer`.
   */
  readonly subject: string
  /**
   * `act.client_id`, which some issuers write. If it is absent, `act.sub`, provided that the issuer's
   * profile sets `actorSubjectIsClient` and the actor belongs to the token's issuer. Otherwise
   * `undefined`.
   */
  readonly clientId: string | undefined
  /** All members of `act`, except a nested `act`. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly [auditOnly]?: never
}

/**
 * A party that acted earlier, from a nested `act`. For audit only: RFC 8693 section 4.1 says that
 * prior actors must not affect access decisions. TypeScript does not accept a `PriorActor` as an
 * `Actor`, so it cannot be passed to a guard.
 *
 * @example
 * ```ts
 * import type { AccessToken } from '@resource-server/core'
 *
 * export const actorsBefore = (token: AccessToken): readonly string[] =>
 *   token.priorActors.map((actor) => `${actor.subject} (${actor.issuer})`)
 * ```
 */
export interface PriorActor extends Omit<Actor, typeof auditOnly> {
  readonly [auditOnly]: 'never for access control'
}

/** The actors of a token whose `act` is well-formed. Only `readDelegation` creates it. */
export interface Delegation {
  readonly actor: Actor | undefined
  readonly priorActors: readonly PriorActor[]
  readonly [brand]: 'Delegation'
}

/**
 * The actors of a token up to the first one that is malformed. For decision records, which also
 * describe refused tokens. Access decisions use a `Delegation`.
 */
export interface Chain {
  /** The current actor, then the prior actors, latest first. */
  readonly actors: readonly Actor[]
  /** How many levels of `act` the token has, including those that cannot be read. */
  readonly depth: number
  /** Why the token must be refused, if an actor is malformed or the chain is too long. */
  readonly refusal: Refusal | undefined
}

/** The part of an issuer's policy that is needed to read actors. */
export interface ActorContext {
  readonly issuer: string
  readonly profile: Pick<Profile, 'actorSubjectIsClient'>
}

const maxMembers = 16
const maxLength = 1024

/**
 * Reads `act` (RFC 8693 section 4.1). A token with a malformed `act` is refused, because ignoring the
 * claim would turn a delegated token into a direct one. `exp`, `nbf`, and `aud` inside `act` have no
 * meaning according to that section, and are ignored.
 */
export function readDelegation(
  claims: JsonObject,
  context: ActorContext,
  maxDepth: number,
): Delegation | Refusal {
  const { actors, refusal } = readChain(claims, context, maxDepth)
  if (refusal) return refusal
  return { actor: actors[0], priorActors: priorTo(actors) } as Delegation
}

const none: readonly PriorActor[] = Object.freeze([])

function priorTo(actors: readonly Actor[]): readonly PriorActor[] {
  return actors.length < 2 ? none : Object.freeze(actors.slice(1) as unknown as PriorActor[])
}

/** Reads the outermost `act` first. A loop, so that a deep chain cannot exhaust the stack. */
export function readChain(claims: JsonObject, context: ActorContext, maxDepth: number): Chain {
  const actors: Actor[] = []
  let refusal: Refusal | undefined
  let depth = 0
  let parent: unknown = claims
  while (isJsonObject(parent) && Object.hasOwn(parent, 'act')) {
    depth += 1
    parent = own(parent, 'act')
    if (refusal) continue
    const actor = depth > maxDepth ? tooLong(maxDepth) : readActor(parent, depth, context)
    if (actor instanceof Refusal) refusal = actor
    else actors.push(actor)
  }
  return { actors, depth, refusal }
}

function tooLong(maxDepth: number): Refusal {
  return refuse('actor_chain_too_long', `act is nested deeper than maxActorDepth (${maxDepth})`, {
    claim: 'act',
  })
}

/** Checks whether the token has an actor, if the mode requires or forbids one. */
export function checkDelegation(
  actor: Actor | undefined,
  mode: DelegationMode,
): Refusal | undefined {
  if (mode === 'delegated' && !actor) {
    return refuse(
      'delegation_required',
      'the token has no actor (act), but only delegated access is allowed',
      { claim: 'act' },
    )
  }
  if (mode === 'direct' && actor) {
    return refuse(
      'delegation_forbidden',
      'the token has an actor (act), but only direct access is allowed',
      { claim: 'act' },
    )
  }
  return undefined
}

/**
 * Reads `may_act` (RFC 8693 section 4.4): who may act for the subject. It is checked and exposed,
 * but no access decision uses it. It does not need a `sub`.
 */
export function readMayAct(
  claims: JsonObject,
): Readonly<Record<string, unknown>> | undefined | Refusal {
  if (!Object.hasOwn(claims, 'may_act')) return undefined
  const mayAct = own(claims, 'may_act')
  const problem = problemOf(mayAct)
  if (problem) return refuse('actor_malformed', `may_act ${problem}`, { claim: 'may_act' })
  return withoutAct(mayAct as JsonObject)
}

function readActor(act: unknown, level: number, context: ActorContext): Actor | Refusal {
  const problem = problemOf(act) ?? missingSub(act as JsonObject)
  if (problem) {
    const where = level === 1 ? 'act' : `act at level ${level}`
    return refuse('actor_malformed', `${where} ${problem}`, { claim: 'act' })
  }
  const members = act as JsonObject
  const issuer = (own(members, 'iss') ?? context.issuer) as string
  const subject = own(members, 'sub') as string
  // Client ids belong to the token's issuer, so an actor of another issuer is not its client.
  const isClient = context.profile.actorSubjectIsClient && issuer === context.issuer
  const clientId = own(members, 'client_id') ?? (isClient ? subject : undefined)
  return Object.freeze({
    issuer,
    subject,
    clientId: clientId as string | undefined,
    claims: withoutAct(members),
  })
}

/** What is wrong with `act` or `may_act`, as a predicate: "is not an object". */
function problemOf(party: unknown): string | undefined {
  if (!isJsonObject(party)) return 'is not an object'
  const names = Object.keys(party)
  if (names.length === 0) return 'is an empty object'
  if (names.length > maxMembers) return `has more than ${maxMembers} members`
  for (const name of ids) {
    if (Object.hasOwn(party, name) && !isId(party[name])) {
      return `has a malformed ${name}, expected a non-empty string`
    }
  }
  for (const name of names) {
    if (name !== 'act' && sizeOf(party[name]) > maxLength) {
      return `has a member longer than ${maxLength} characters`
    }
  }
  return undefined
}

const ids = ['sub', 'iss', 'client_id']

function missingSub(party: JsonObject): string | undefined {
  return Object.hasOwn(party, 'sub') ? undefined : 'has no sub'
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' ? value.length : JSON.stringify(value).length
}

/** A deeply frozen copy without `act`, so that a policy function cannot reach prior actors. */
export function withoutAct(object: JsonObject): Readonly<Record<string, unknown>> {
  const copy = new Members()
  for (const name in object) {
    if (name === 'act' || !Object.hasOwn(object, name)) continue
    const value = object[name]
    copy[name] = value
    if (typeof value === 'object') deepFreeze(value)
  }
  return Object.freeze(copy)
}

/**
 * An object that inherits nothing. Its prototype is an empty object instead of `null`, because V8
 * stores objects without a prototype as hash tables, which take six times as long to fill and freeze.
 */
class Members {
  [name: string]: unknown
  static {
    Object.setPrototypeOf(this.prototype, null)
    Reflect.deleteProperty(this.prototype, 'constructor')
    Object.freeze(this.prototype)
  }
}

/** Recursive, which is safe because the parser limits the depth. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const member of Object.values(value)) deepFreeze(member)
  Object.freeze(value)
}
