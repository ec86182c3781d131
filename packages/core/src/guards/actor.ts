import type { Actor } from '../token/delegation.ts'
import type { Policy } from '../config/policy.ts'
import type { ActorName } from '../options/profile.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { ownMembers } from '../lib/json.ts'
import { quote } from '../lib/quote.ts'

/**
 * An actor at a given issuer. Subjects and client IDs are unique only within their issuer. If both
 * `sub` and `client_id` are given, both must match.
 *
 * `client_id` requires an issuer whose profile lists it in `actorNames`.
 */
export type ActorIdentity =
  | { readonly iss: string; readonly sub: string; readonly client_id?: string }
  | { readonly iss: string; readonly sub?: never; readonly client_id: string }

/**
 * Which actors `requireActor` accepts. Names are compared exactly and case-sensitively.
 *
 * - A string names an actor at the only configured issuer: by its `sub`, or by the first of the
 *   `actorNames` in the issuer's profile. With several issuers, use an `ActorIdentity`.
 * - An `ActorIdentity` also names the issuer.
 * - A list accepts any of its entries.
 * - A function accepts the current actor if it returns `true`. It must be synchronous: a promise
 *   does not count as `true`.
 *
 * @example
 * ```ts
 * import type { ActorRule } from '@resource-server/core'
 *
 * export const bySubject: ActorRule = 'order-service'
 * export const byIssuer: ActorRule = { iss: 'https://login.example.com', sub: 'order-service' }
 * export const byPredicate: ActorRule = (actor) => actor.claims['role'] === 'support'
 * ```
 */
export type ActorRule =
  | string
  | ActorIdentity
  | readonly (string | ActorIdentity)[]
  | ((actor: Actor) => boolean)

type Test = (actor: Actor) => boolean

const fix =
  "Write requireActor('order-service'), requireActor({ iss, sub }), a list of these, or a function."

/**
 * The check of `requireActor`. It uses the current actor only, never prior actors (RFC 8693 section
 * 4.1).
 *
 * @throws ConfigError if there are no rules, or if a rule is invalid
 */
export function actorCheck(
  rules: readonly unknown[],
  policy: Policy,
): (token: { readonly actor: Actor | undefined }) => Refusal | undefined {
  const tests = rules.flat().map((rule) => testOf(rule, policy))
  if (tests.length === 0) throw new ConfigError('requireActor needs at least one actor.', fix)
  return ({ actor }) => {
    if (!actor) {
      return refuse(
        'actor_not_allowed',
        'the token has no actor (act), but this route requires one',
        { claim: 'act' },
      )
    }
    if (tests.some((test) => test(actor))) return undefined
    // Explained, because the hints are about tokens without an actor.
    return refuse('actor_not_allowed', `the current actor ${describe(actor)} is not allowed here`, {
      claim: 'act',
      explained: true,
    })
  }
}

function describe({ issuer, subject, clientId }: Actor): string {
  const client = clientId === undefined ? '' : `,"client_id":${quote(clientId)}`
  return `{"iss":${quote(issuer)},"sub":${quote(subject)}${client}}`
}

function testOf(rule: unknown, policy: Policy): Test {
  if (typeof rule === 'function') return (actor) => (rule as Test)(actor) === true
  if (typeof rule !== 'string') return identityTest(rule, policy)
  if (rule === '') throw new ConfigError('requireActor does not accept an empty string.', fix)
  const [issuer, ...others] = policy.issuers.values()
  if (others.length > 0 || policy.resolveIssuer) {
    throw new ConfigError(
      `The actor '${rule}' is ambiguous, because more than one issuer is trusted.`,
      'Write requireActor({ iss, sub }).',
    )
  }
  const [name = 'sub'] = issuer!.profile.actorNames ?? []
  return identityTest({ iss: issuer!.issuer, [name]: rule }, policy)
}

/** How to read each member of an `ActorIdentity` from an actor. */
const members: Readonly<Record<ActorName, (actor: Actor) => string | undefined>> = {
  sub: (actor) => actor.subject,
  client_id: (actor) => actor.clientId,
}

function identityTest(rule: unknown, policy: Policy): Test {
  const { iss, ...names } = ownMembers(rule)
  const given = Object.keys(names)
  const complete = [iss, ...Object.values(names)].every((part) => typeof part === 'string' && part)
  if (!complete || given.length === 0 || !given.every(isActorName)) {
    throw new ConfigError('requireActor received a value that does not identify an actor.', fix)
  }
  for (const name of given) requireActorName(name, policy)
  return (actor) =>
    actor.issuer === iss && given.every((name) => members[name](actor) === names[name])
}

function isActorName(name: string): name is ActorName {
  return Object.hasOwn(members, name)
}

/** Not every issuer's `act.client_id` identifies the actor, so a profile has to say that it does. */
function requireActorName(name: ActorName, { issuers, resolveIssuer }: Policy): void {
  const known = [...issuers.values()].some(({ profile }) => profile.actorNames?.includes(name))
  // The profile of a resolved issuer is not known yet.
  if (known || resolveIssuer || name === 'sub') return
  throw new ConfigError(
    `No configured profile lists '${name}' in 'actorNames'.`,
    `Use sub or a function, or add '${name}' to 'actorNames' in the issuer's profile.`,
  )
}
