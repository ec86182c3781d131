import { describe, expect, test } from 'vitest'
import { type ActorRule, ConfigError, type Profile, type TokenView } from '../../src/index.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { startActing } from '../token/acting.ts'
import { bearer, openDesk } from '../support.ts'

const { issuer, options, sign, outcome } = await startActing()

describe('who acts', () => {
  const view = async (claims: object, profile: Profile = defaultProfile): Promise<TokenView> => {
    const desk = openDesk({ ...options, profile })
    const key = {}
    await desk.pass(key, desk.guards.requireAuthentication(), bearer(sign(claims)))
    return desk.gate.token(key)!
  }

  test('is identified by iss and sub, where iss is the token’s by default', async () => {
    const act = { sub: 'order-service', act: { sub: 'user-service', iss: 'https://other.example' } }
    expect(await view({ act })).toMatchObject({
      actor: { issuer: issuer.url, subject: 'order-service', clientId: undefined },
      priorActors: [{ issuer: 'https://other.example', subject: 'user-service' }],
    })
  })

  test('has its other members as data that nobody can change, without act', async () => {
    const { actor } = await view({
      act: { sub: 'a', act: { sub: 'b' }, role: { name: 'support' } },
    })
    expect(actor?.claims).toEqual({ sub: 'a', role: { name: 'support' } })
    expect(() => Object.assign(actor!.claims['role'] as object, { name: 'root' })).toThrow(
      TypeError,
    )
  })

  test('is a client where the profile says so, and where it is of the same issuer', async () => {
    const profile = { ...defaultProfile, actorSubjectIsClient: true }
    const other = 'https://other.example'
    expect((await view({ act: { sub: 'a' } })).actor?.clientId).toBeUndefined()
    expect((await view({ act: { sub: 'a' } }, profile)).actor?.clientId).toBe('a')
    expect((await view({ act: { sub: 'a', client_id: 'c' } }, profile)).actor?.clientId).toBe('c')
    expect((await view({ act: { sub: 'a', iss: other } }, profile)).actor?.clientId).toBeUndefined()
  })
})

describe('requireActor', () => {
  const named = { ...defaultProfile, actorNames: ['client_id', 'sub'] as const }

  test.each<readonly [string, ActorRule, object, number | string]>([
    ['the one named', 'order-service', { sub: 'order-service' }, 'proceed'],
    ['one of a list', ['a', 'order-service'], { sub: 'order-service' }, 'proceed'],
    ['somebody else', 'order-service', { sub: 'user-service' }, 403],
    ['a prior actor', 'user-service', { sub: 'order-service', act: { sub: 'user-service' } }, 403],
    ['a homoglyph', 'order-service', { sub: 'οrder-service' }, 403],
    ['another normal form', 'caf\u00e9', { sub: 'cafe\u0301' }, 403],
    ['another case', 'order-service', { sub: 'Order-Service' }, 403],
    [
      'the same name at another issuer',
      'order-service',
      { sub: 'order-service', iss: 'https://x.example' },
      403,
    ],
    ['its client id', 'order-service', { sub: 'x', client_id: 'order-service' }, 403],
    [
      'whom a function takes',
      (actor) => actor.claims['role'] === 'support',
      { sub: 'x', role: 'support' },
      'proceed',
    ],
    ['whom a function does not take', () => false, { sub: 'x' }, 403],
  ])('%s', async (_what, rule, act, expected) => {
    expect(await outcome(({ requireActor }) => requireActor(rule), sign({ act }))).toBe(expected)
  })

  test('nobody', async () => {
    expect(await outcome(({ requireActor }) => requireActor('a'), sign({}))).toBe(403)
    expect(
      await outcome(({ requireActor }) => requireActor('a'), sign({ may_act: { sub: 'a' } })),
    ).toBe(403)
  })

  test('takes the pair of iss and sub', async () => {
    const other = { iss: 'https://other.example', sub: 'a' }
    expect(await outcome(({ requireActor }) => requireActor(other), sign({ act: other }))).toBe(
      'proceed',
    )
    expect(
      await outcome(({ requireActor }) => requireActor(other), sign({ act: { sub: 'a' } })),
    ).toBe(403)
  })

  test('takes client ids where the profile says that they name actors', async () => {
    const more = { profile: named }
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
    ['an empty name', ''],
    ['an empty list', []],
    ['no sub', { iss: 'https://as.example.com' }],
    ['no iss', { sub: 'a' }],
    ['sub undefined', { iss: 'https://as.example.com', sub: undefined }],
    ['an act', { iss: 'https://as.example.com', sub: 'a', act: { sub: 'b' } }],
    [
      'a prior actor',
      { issuer: 'https://as.example.com', subject: 'a', clientId: undefined, claims: {} },
    ],
    [
      'a client id without a profile that has them',
      { iss: 'https://as.example.com', client_id: 'a' },
    ],
  ])('is a ConfigError for %s', (_what, rule) => {
    const { guards } = openDesk(options)
    expect(() => guards.requireActor(rule as ActorRule)).toThrow(ConfigError)
  })
})
