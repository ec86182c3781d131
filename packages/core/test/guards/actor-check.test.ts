import { describe, expect, test } from 'vitest'
import { actorRule } from '../../src/guards/actor.ts'
import type { Actor } from '../../src/token/delegation.ts'
import type { VerifierOptions } from '../../src/index.ts'
import { createPolicy, optionNames } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'

const [a, b] = ['https://a.example.com', 'https://b.example.com']
const named = { ...defaultProfile, actorNames: ['client_id', 'sub'] as const }
const policyOf = (options: VerifierOptions) =>
  createPolicy({ audience: 'x', ...options }, optionNames.verifier)
const one = policyOf({ issuer: a })
const byClient = policyOf({ issuer: a, profile: named })
const several = policyOf({ issuers: [a, { issuer: b, profile: named }] })
const resolved = policyOf({ issuer: a, resolveIssuer: () => undefined })

const actor = (subject: string, clientId?: string, issuer: string = a): Actor => ({
  ...{ issuer, subject, clientId, claims: {} },
})

test('a token without actor', () => {
  expect(actorRule(['x'], one)({ actor: undefined })).toMatchObject({
    code: 'actor_not_allowed',
    reason: 'the token names no actor (act), and this route requires one',
  })
})

test.each([
  [actor('y'), `{"iss":"${a}","sub":"y"}`],
  [actor('y', 'x'), `{"iss":"${a}","sub":"y","client_id":"x"}`],
  [actor('x', 'y', b), `{"iss":"${b}","sub":"x","client_id":"y"}`],
])('another actor: %j', (found, text) => {
  expect(actorRule(['x'], one)({ actor: found })).toMatchObject({
    code: 'actor_not_allowed',
    reason: `the current actor ${text} is not allowed here`,
  })
})

describe('an actor that is allowed', () => {
  test.each([
    ['by name', one, ['x'], actor('x')],
    ['by the second name', one, ['y', 'x'], actor('x')],
    ['in a list', one, [['y', 'x']], actor('x')],
    ['by the first name that the profile has', byClient, ['x'], actor('y', 'x')],
    ['by identity', several, [{ iss: b, sub: 'x' }], actor('x', undefined, b)],
    [
      'by its client, where one of the profiles has such',
      several,
      [{ iss: b, client_id: 'x' }],
      actor('y', 'x', b),
    ],
    [
      'by its client, where the profiles are not known yet',
      resolved,
      [{ iss: b, client_id: 'x' }],
      actor('y', 'x', b),
    ],
    ['by a function', several, [({ subject }: Actor) => subject === 'x'], actor('x')],
  ])('%s', (_what, policy, rules, found) => {
    expect(actorRule(rules, policy)({ actor: found })).toBeUndefined()
  })
})

describe('dies where it is made', () => {
  const fix =
    "Write requireActor('order-service'), requireActor({ iss, sub }), a list of these, or a function."
  const none = `requireActor got something that is no actor. ${fix}`
  const bare = (name: string): string =>
    `With several issuers, the bare name '${name}' names nobody. Write requireActor({ iss, sub }).`

  test.each<readonly [message: string, policy: typeof one, rules: readonly unknown[]]>([
    [`requireActor got no actor. ${fix}`, one, []],
    [`requireActor got no actor. ${fix}`, one, [[]]],
    ['requireActor got an empty name. Write requireActor({ iss, sub }).', one, ['']],
    ['requireActor got an empty name. Write requireActor({ iss, sub }).', several, ['']],
    [bare('x'), several, ['x']],
    [bare('x'), resolved, ['x']],
    [none, one, [null]],
    [none, one, [1]],
    [none, one, [{ iss: a }]],
    [none, one, [{ sub: 'x' }]],
    [none, one, [{ iss: a, sub: 1 }]],
    [none, one, [{ iss: 1, sub: 'x' }]],
    [none, one, [{ iss: a, sub: '' }]],
    [none, one, [{ iss: a, role: 'x' }]],
    [none, one, [{ iss: a, sub: 'x', role: 'x' }]],
    [none, one, [{ iss: a, toString: 'x' }]],
    [
      "No configured profile says that act.client_id names an actor. Use sub, a profile whose 'actorNames' has it, or a function of the actor.",
      one,
      [{ iss: a, client_id: 'x' }],
    ],
  ])('%s', (message, policy, rules) => {
    expect(() => actorRule(rules, policy)).toThrow(message)
  })
})
