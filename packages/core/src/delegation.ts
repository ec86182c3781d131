import { isJsonObject, type JsonObject, own } from './json.ts'
import type { Delegation as DelegationMode } from './options.ts'
import { type Refusal, refuse } from './refusal.ts'

declare const audit: unique symbol

/** The party that acts now: the outermost `act`. The only actor that policy may use. */
export interface Actor {
  /** The issuer that `subject` belongs to: `act.iss`, or the token's issuer where that is absent. */
  readonly issuer: string
  /** `act.sub`: a client id, a service account's id or a user's id, depending on the issuer. */
  readonly subject: string
  /** `act.client_id`, which some issuers write beside `sub`. */
  readonly clientId: string | undefined
  /** All members of `act` but the nested `act`. */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * A party that acted earlier: a nested `act`. For audit only. RFC 8693 section 4.1 says that nested
 * actors are not to be considered in access control, so no guard takes this type.
 */
export interface PriorActor extends Actor {
  readonly [audit]: 'never for access control'
}

/** Who acts for the subject. Minted here only. */
export interface Delegation {
  readonly actor: Actor | undefined
  readonly priorActors: readonly PriorActor[]
}

const maxMembers = 16
const maxLength = 1024

/**
 * Reads `act` (RFC 8693 section 4.1), outermost first, without recursion. A malformed one refuses the
 * token: to ignore it would turn a delegated token into a direct one. `exp`, `nbf` and `aud` inside
 * `act` mean nothing, as that section says.
 */
export function readDelegation(
  claims: JsonObject,
  issuer: string,
  maxDepth: number,
): Delegation | Refusal {
  const chain: Actor[] = []
  let holder = claims
  while (Object.hasOwn(holder, 'act')) {
    if (chain.length >= maxDepth)
      return refuse('actor_chain_too_long', `act is nested deeper than ${maxDepth}`)
    const act = own(holder, 'act')
    const actor = readActor(act, issuer)
    if (typeof actor === 'string')
      return refuse('actor_malformed', `act, level ${chain.length + 1}: ${actor}`)
    chain.push(actor)
    holder = act as JsonObject
  }
  const [actor, ...prior] = chain
  return { actor, priorActors: Object.freeze(prior as PriorActor[]) }
}

/** Whether an actor must be named, must not be, or may be. */
export function checkDelegation(
  actor: Actor | undefined,
  wanted: DelegationMode,
): Refusal | undefined {
  if (wanted === 'delegated-only' && !actor) {
    return refuse(
      'delegation_required',
      'the token names no actor (act), and only delegated access is allowed',
    )
  }
  if (wanted === 'direct-only' && actor) {
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

function readActor(act: unknown, issuer: string): Actor | string {
  const problem = problemOf(act)
  if (problem) return problem
  const members = act as JsonObject
  if (!Object.hasOwn(members, 'sub')) return 'there is no sub'
  return Object.freeze({
    issuer: (own(members, 'iss') ?? issuer) as string,
    subject: own(members, 'sub') as string,
    clientId: own(members, 'client_id') as string | undefined,
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
