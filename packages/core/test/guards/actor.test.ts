import { describe, expect, test } from 'vitest'
import { type ActorRule, ConfigError, type Profile, type TokenView } from '../../src/index.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { createDelegationFixture } from '../token/delegation-fixture.ts'
import { bearer, createGateHarness } from '../support.ts'

const { issuer, options, sign, outcome } = await createDelegationFixture()

describe('the actor of a token', () => {
  const view = async (claims: object, profile: Profile = defaultProfile): Promise<TokenView> => {
    const { gate, guards, pass } = createGateHarness({ ...options, profile })
    const key = {}
    await pass(key, guards.requireAuthentication(), bearer(sign(claims)))
    return gate.token(key)!
  }

  test('has the issuer in act.iss, or the issuer of the token', async () => {
    const act = { sub: 'order-service', act: { sub: 'user-service', iss: 'https://other.example' } }
    expect(await view({ act })).toMatchObject({
      actor: { issuer: issuer.url, subject: 'order-service', clientId: undefined },
      priorActors: [{ issuer: 'https://other.example', subject: 'user-service' }],
    })
  })

  test('has the members of act as frozen claims, without the nested act', async () => {
    const { actor } = await view({
      act: { sub: 'a', act: { sub: 'b' }, role: { name: 'support' } },
    })
    expect(actor?.claims).toEqual({ sub: 'a', role: { name: 'support' } })
    expect(() => Object.assign(actor!.claims['role'] as object, { name: 'root' })).toThrow(
      TypeError,
    )
  })

  test('has act.sub as its client ID only if the profile says so and the issuer is the same', async () => {
    const profile = { ...defaultProfile, actorSubjectIsClient: true }
    const other = 'https://other.example'
    expect((await view({ act: { sub: 'a' } })).actor?.clientId).toBeUndefined()
    expect((await view({ act: { sub: 'a' } }, profile)).actor?.clientId).toBe('a')
    expect((await view({ act: { sub: 'a', client_id: 'c' } }, profile)).actor?.clientId).toBe('c')
    expect((await view({ act: { sub: 'a', iss: other } }, profile)).actor?.clientId).toBeUndefined()
  })
})

describe('requireActor', () => {
  const withClientIds = { ...defaultProfile, actorNames: ['client_id', 'sub'] as const }

  test.each<readonly [string, ActorRule, object, number | string]>([
    ['accepts the required actor', 'order-service', { sub: 'order-service' }, 'proceed'],
    ['accepts an actor in the list', ['a', 'order-service'], { sub: 'order-service' }, 'proceed'],
    ['refuses another actor', 'order-service', { sub: 'user-service' }, 403],
    [
      'refuses a prior actor',
      'user-service',
      { sub: 'order-service', act: { sub: 'user-service' } },
      403,
    ],
    ['refuses a homoglyph', 'order-service', { sub: 'οrder-service' }, 403],
    ['refuses another Unicode normal form', 'caf\u00e9', { sub: 'cafe\u0301' }, 403],
    ['refuses different capitalization', 'order-service', { sub: 'Order-Service' }, 403],
    [
      'refuses the same subject at another issuer',
      'order-service',
      { sub: 'order-service', iss: 'https://x.example' },
      403,
    ],
    [
      'refuses an actor whose client ID is the required name',
      'order-service',
      { sub: 'x', client_id: 'order-service' },
      403,
    ],
    [
      'accepts an actor for which a function returns true',
      (actor) => actor.claims['role'] === 'support',
      { sub: 'x', role: 'support' },
      'proceed',
    ],
    ['refuses an actor for which a function returns false', () => false, { sub: 'x' }, 403],
  ])('%s', async (_what, rule, act, expected) => {
    expect(await outcome(({ requireActor }) => requireActor(rule), sign({ act }))).toBe(expected)
  })

  test('refuses a token without act, even if may_act has the name', async () => {
    expect(await outcome(({ requireActor }) => requireActor('a'), sign({}))).toBe(403)
    expect(
      await outcome(({ requireActor }) => requireActor('a'), sign({ may_act: { sub: 'a' } })),
    ).toBe(403)
  })

  test('compares both iss and sub of an identity', async () => {
    const other = { iss: 'https://other.example', sub: 'a' }
    expect(await outcome(({ requireActor }) => requireActor(other), sign({ act: other }))).toBe(
      'proceed',
    )
    expect(
      await outcome(({ requireActor }) => requireActor(other), sign({ act: { sub: 'a' } })),
    ).toBe(403)
  })

  test('compares client IDs if the profile has client_id in actorNames', async () => {
    const more = { profile: withClientIds }
    const act = { sub: 'a-uuid', client_id: 'order-service' }
    const iss = issuer.url
    const rules: readonly (readonly [ActorRule, number | string])[] = [
      ['order-service', 'proceed'],
      ['a-uuid', 403],
      [{ iss, client_id: 'order-service' }, 'proceed'],
      [{ iss, sub: 'a-uuid' }, 'proceed'],
      [{ iss, sub: 'a-uuid', client_id: 'order-service' }, 'proceed'],
      [{ iss, sub: 'another', client_id: 'order-service' }, 403],
      [{ iss, sub: 'a-uuid', client_id: 'another' }, 403],
    ]
    for (const [rule, expected] of rules)
      expect(await outcome(({ requireActor }) => requireActor(rule), sign({ act }), more)).toBe(
        expected,
      )
    expect(
      await outcome(({ requireActor }) => requireActor('a'), sign({ act: { sub: 'a' } }), more),
    ).toBe(403)
  })

  test.each<readonly [string, unknown]>([
    ['an empty string', ''],
    ['an empty list', []],
    ['an identity without sub', { iss: 'https://as.example.com' }],
    ['an identity without iss', { sub: 'a' }],
    ['an identity whose sub is undefined', { iss: 'https://as.example.com', sub: undefined }],
    ['an identity with act', { iss: 'https://as.example.com', sub: 'a', act: { sub: 'b' } }],
    [
      'a prior actor',
      { issuer: 'https://as.example.com', subject: 'a', clientId: undefined, claims: {} },
    ],
    [
      'a client ID if no profile has client_id in actorNames',
      { iss: 'https://as.example.com', client_id: 'a' },
    ],
  ])('throws a ConfigError for %s', (_what, rule) => {
    const { guards } = createGateHarness(options)
    expect(() => guards.requireActor(rule as ActorRule)).toThrow(ConfigError)
  })
})
