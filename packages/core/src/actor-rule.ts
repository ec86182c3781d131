import type { Actor } from './delegation.ts'
import type { Policy } from './policy.ts'
import { ConfigError, type Refusal, refuse } from './refusal.ts'

/** An actor by identity: subjects are unique only within their issuer. */
export interface ActorIdentity {
  readonly iss: string
  readonly sub: string
}

/** A subject of the one configured issuer, an identity, a list of these, or a function. */
export type ActorRule =
  | string
  | ActorIdentity
  | readonly (string | ActorIdentity)[]
  | ((actor: Actor) => boolean)

type Test = (actor: Actor) => boolean

const mend =
  "Write requireActor('order-service'), requireActor({ iss, sub }), a list of these, or a function."

/** Looks at the current actor alone: prior actors are informational (RFC 8693 section 4.1). */
export function actorRule(
  rules: readonly unknown[],
  policy: Policy,
): (token: { readonly actor: Actor | undefined }) => Refusal | undefined {
  const tests = rules.flat().map((rule) => testOf(rule, policy))
  if (tests.length === 0) throw new ConfigError('requireActor got no actor.', mend)
  return ({ actor }) => {
    if (!actor)
      return refuse(
        'actor_not_allowed',
        'the token names no actor (act), and this route requires one',
      )
    if (tests.some((test) => test(actor))) return undefined
    const found = JSON.stringify({ iss: actor.issuer, sub: actor.subject })
    return refuse('actor_not_allowed', `the current actor ${found} is not allowed here`)
  }
}

function testOf(rule: unknown, { issuers }: Policy): Test {
  if (typeof rule === 'function') return (actor) => (rule as Test)(actor) === true
  if (typeof rule !== 'string') return identityTest(rule)
  const [issuer, ...others] = issuers.keys()
  if (rule !== '' && others.length === 0) return identityTest({ iss: issuer, sub: rule })
  throw new ConfigError(
    rule === ''
      ? 'requireActor got an empty name.'
      : `With several issuers, the bare name '${rule}' names nobody.`,
    'Write requireActor({ iss, sub }).',
  )
}

function identityTest(rule: unknown): Test {
  const { iss, sub, ...others } = (rule ?? {}) as Record<string, unknown>
  const whole = [iss, sub].every((part) => typeof part === 'string' && part !== '')
  if (!whole || Object.keys(others).length > 0)
    throw new ConfigError('requireActor got something that is no actor.', mend)
  return (actor) => actor.issuer === iss && actor.subject === sub
}
