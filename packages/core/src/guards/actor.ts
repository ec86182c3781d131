import type { Actor } from '../token/delegation.ts'
import type { Policy } from '../config/policy.ts'
import type { ActorName } from '../options/profile.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

/**
 * An actor by identity: subjects and client ids are unique only within their issuer. `client_id` is
 * for issuers whose profile says that `act.client_id` names an actor. What is given must all match.
 */
export type ActorIdentity =
  | { readonly iss: string; readonly sub: string; readonly client_id?: string }
  | { readonly iss: string; readonly sub?: never; readonly client_id: string }

/** A name at the one configured issuer, an identity, a list of these, or a function. */
export type ActorRule =
  | string
  | ActorIdentity
  | readonly (string | ActorIdentity)[]
  | ((actor: Actor) => boolean)

type Test = (actor: Actor) => boolean

const fix =
  "Write requireActor('order-service'), requireActor({ iss, sub }), a list of these, or a function."

/** Looks at the current actor alone: prior actors are informational (RFC 8693 section 4.1). */
export function actorRule(
  rules: readonly unknown[],
  policy: Policy,
): (token: { readonly actor: Actor | undefined }) => Refusal | undefined {
  const tests = rules.flat().map((rule) => testOf(rule, policy))
  if (tests.length === 0) throw new ConfigError('requireActor got no actor.', fix)
  return ({ actor }) => {
    if (!actor)
      return refuse(
        'actor_not_allowed',
        'the token names no actor (act), and this route requires one',
      )
    if (tests.some((test) => test(actor))) return undefined
    const { issuer: iss, subject: sub, clientId } = actor
    const found = JSON.stringify({ iss, sub, client_id: clientId })
    return refuse('actor_not_allowed', `the current actor ${found} is not allowed here`)
  }
}

function testOf(rule: unknown, policy: Policy): Test {
  if (typeof rule === 'function') return (actor) => (rule as Test)(actor) === true
  if (typeof rule !== 'string') return identityTest(rule, policy)
  const [issuer, ...others] = policy.issuers.values()
  if (rule !== '' && others.length === 0 && !policy.resolveIssuer) {
    const [name = 'sub'] = issuer!.profile.actorNames ?? []
    return identityTest({ iss: issuer!.issuer, [name]: rule }, policy)
  }
  throw new ConfigError(
    rule === ''
      ? 'requireActor got an empty name.'
      : `With several issuers, the bare name '${rule}' names nobody.`,
    'Write requireActor({ iss, sub }).',
  )
}

/** Where each member of an identity is found in an actor. */
const members: Readonly<Record<ActorName, (actor: Actor) => string | undefined>> = {
  sub: (actor) => actor.subject,
  client_id: (actor) => actor.clientId,
}

function identityTest(rule: unknown, policy: Policy): Test {
  const { iss, ...given } = (rule ?? {}) as Record<string, unknown>
  const names = Object.keys(given)
  const whole = [iss, ...Object.values(given)].every((part) => typeof part === 'string' && part)
  if (!whole || names.length === 0 || !names.every(isActorName))
    throw new ConfigError('requireActor got something that is no actor.', fix)
  for (const name of names) requireNaming(name, policy)
  return (actor) =>
    actor.issuer === iss && names.every((name) => members[name](actor) === given[name])
}

function isActorName(name: string): name is ActorName {
  return Object.hasOwn(members, name)
}

/** What an issuer writes into `act.client_id` is a client's name only if its profile says so. */
function requireNaming(name: ActorName, { issuers, resolveIssuer }: Policy): void {
  const known = [...issuers.values()].some(({ profile }) => profile.actorNames?.includes(name))
  // What a resolved issuer's profile says is not known yet.
  if (known || resolveIssuer || name === 'sub') return
  throw new ConfigError(
    `No configured profile says that act.${name} names an actor.`,
    "Use sub, a profile whose 'actorNames' has it, or a function of the actor.",
  )
}
