import { describe, expect, test } from 'vitest'
import { actorCheck } from '../../src/guards/actor.ts'
import type { Actor } from '../../src/token/delegation.ts'
import type { VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'

const a = 'https://a.example.com'
const b = 'https://b.example.com'
const withClientIds = { ...defaultProfile, actorNames: ['client_id', 'sub'] as const }
const policyOf = (options: VerifierOptions) =>
  createPolicy({ audience: 'x', ...options }, 'verifier')
const oneIssuer = policyOf({ issuer: a })
const oneIssuerWithClientIds = policyOf({ issuer: a, profile: withClientIds })
const severalIssuers = policyOf({ issuers: [a, { issuer: b, profile: withClientIds }] })
const resolvedIssuers = policyOf({ issuer: a, resolveIssuer: () => undefined })

const actor = (subject: string, clientId?: string, issuer: string = a): Actor => ({
  issuer,
  subject,
  clientId,
  claims: {},
})

describe('the check of requireActor refuses', () => {
  test('a token without an actor', () => {
    expect(actorCheck(['x'], oneIssuer)({ actor: undefined })).toMatchObject({
      code: 'actor_not_allowed',
      reason: 'the token has no actor (act), but this route requires one',
      detail: { claim: 'act' },
    })
  })

  test.each([
    [actor('y'), `{"iss":"${a}","sub":"y"}`],
    [actor('y', 'x'), `{"iss":"${a}","sub":"y","client_id":"x"}`],
    [actor('x', 'y', b), `{"iss":"${b}","sub":"x","client_id":"y"}`],
  ])('an actor that is not the required one: %j', (found, text) => {
    expect(actorCheck(['x'], oneIssuer)({ actor: found })).toMatchObject({
      code: 'actor_not_allowed',
      reason: `the current actor ${text} is not allowed here`,
      detail: { claim: 'act', explained: true },
    })
  })
})

describe('the check of requireActor accepts', () => {
  test.each([
    ['an actor by its subject', oneIssuer, ['x'], actor('x')],
    ['the second of two actors', oneIssuer, ['y', 'x'], actor('x')],
    ['an entry of a list', oneIssuer, [['y', 'x']], actor('x')],
    [
      'an actor by the first of the actorNames in the profile',
      oneIssuerWithClientIds,
      ['x'],
      actor('y', 'x'),
    ],
    ['an actor by iss and sub', severalIssuers, [{ iss: b, sub: 'x' }], actor('x', undefined, b)],
    [
      'an actor by iss and client_id, if one of the profiles has client_id in actorNames',
      severalIssuers,
      [{ iss: b, client_id: 'x' }],
      actor('y', 'x', b),
    ],
    [
      'an actor by iss and client_id, if the profiles are not known yet',
      resolvedIssuers,
      [{ iss: b, client_id: 'x' }],
      actor('y', 'x', b),
    ],
    [
      'an actor for which a function returns true',
      severalIssuers,
      [({ subject }: Actor) => subject === 'x'],
      actor('x'),
    ],
  ])('%s', (_what, policy, rules, found) => {
    expect(actorCheck(rules, policy)({ actor: found })).toBeUndefined()
  })
})

describe('requireActor throws a ConfigError', () => {
  const fix =
    "Write requireActor('order-service'), requireActor({ iss, sub }), a list of these, or a function."
  const empty = `requireActor needs at least one actor. ${fix}`
  const emptyString = `requireActor does not accept an empty string. ${fix}`
  const invalid = `requireActor received a value that does not identify an actor. ${fix}`
  const ambiguous =
    "The actor 'x' is ambiguous, because more than one issuer is trusted. Write requireActor({ iss, sub })."
  const unknownName =
    "No configured profile lists 'client_id' in 'actorNames'. Use sub or a function, or add 'client_id' to 'actorNames' in the issuer's profile."

  test.each<readonly [rules: readonly unknown[], message: string, policy: typeof oneIssuer]>([
    [[], empty, oneIssuer],
    [[[]], empty, oneIssuer],
    [[''], emptyString, oneIssuer],
    [[''], emptyString, severalIssuers],
    [['x'], ambiguous, severalIssuers],
    [['x'], ambiguous, resolvedIssuers],
    [[null], invalid, oneIssuer],
    [[1], invalid, oneIssuer],
    [[{ iss: a }], invalid, oneIssuer],
    [[{ sub: 'x' }], invalid, oneIssuer],
    [[{ iss: a, sub: 1 }], invalid, oneIssuer],
    [[{ iss: 1, sub: 'x' }], invalid, oneIssuer],
    [[{ iss: a, sub: '' }], invalid, oneIssuer],
    [[{ iss: a, role: 'x' }], invalid, oneIssuer],
    [[{ iss: a, sub: 'x', role: 'x' }], invalid, oneIssuer],
    [[{ iss: a, toString: 'x' }], invalid, oneIssuer],
    [[{ iss: a, client_id: 'x' }], unknownName, oneIssuer],
  ])('for %j: %s', (rules, message, policy) => {
    expect(() => actorCheck(rules, policy)).toThrow(message)
  })
})
