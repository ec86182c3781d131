import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import { type Guards, type ResourceServerOptions } from '../../src/index.ts'
import { aud, bearer, openDesk, optionsFor, startIssuer, statusOf } from '../support.ts'

const issuer = await startIssuer()
const now = issuer.clock.now() / 1000

type Make = (guards: Guards<Guard>) => Guard
type Row = readonly [what: string, make: Make, claims: object, code: string]

async function outcome(make: Make, claims: object, options: Partial<ResourceServerOptions> = {}) {
  const desk = openDesk({ ...optionsFor(issuer), ...options })
  const key = {}
  const result = await desk.pass(
    key,
    make(desk.guards),
    bearer(issuer.token({ aud, claims: { ...claims } })),
  )
  await desk.settle(key)
  const [record] = desk.records
  expect(desk.records).toHaveLength(1)
  return { status: statusOf(result), code: record?.code ?? 'granted', result }
}

const act = { sub: 'order-service', client_id: 'orders' }
const before = { sub: 'user-service', client_id: 'users' }
const chain = { act: { ...act, act: before } }
const read = { scope: 'orders:read' }

const rows: readonly Row[] = [
  ['any valid token', (g) => g.requireAuthentication(), {}, 'granted'],

  ['all scopes, all held', (g) => g.requireScope('a', 'b'), { scope: 'b a c' }, 'granted'],
  [
    'all scopes, one missing',
    (g) => g.requireScope('a', 'b'),
    { scope: 'a' },
    'scope_insufficient',
  ],
  ['a scope that is a part of one', (g) => g.requireScope('orders'), read, 'scope_insufficient'],
  ['a scope in other letters', (g) => g.requireScope('Orders:read'), read, 'scope_insufficient'],
  ['a scope of a token without any', (g) => g.requireScope('a'), {}, 'scope_insufficient'],
  ['one scope, held', (g) => g.requireAnyScope('a', 'b'), { scope: 'b' }, 'granted'],
  [
    'one scope, none held',
    (g) => g.requireAnyScope('a', 'b'),
    { scope: 'c' },
    'scope_insufficient',
  ],

  ['the current actor', (g) => g.requireActor('order-service'), chain, 'granted'],
  ['a prior actor', (g) => g.requireActor('user-service'), chain, 'actor_not_allowed'],
  [
    "a prior actor's client",
    (g) => g.requireClient('users'),
    { ...chain, client_id: 'x' },
    'client_not_allowed',
  ],
  ['an actor by its client id', (g) => g.requireActor('orders'), chain, 'actor_not_allowed'],
  ['an actor of a direct token', (g) => g.requireActor('order-service'), {}, 'actor_not_allowed'],
  ['the subject of a direct token', (g) => g.requireActor('user-42'), {}, 'actor_not_allowed'],
  ['one of several actors', (g) => g.requireActor('a', 'order-service'), chain, 'granted'],
  ['one of a list of actors', (g) => g.requireActor(['a', 'order-service']), chain, 'granted'],
  ['none of a list of actors', (g) => g.requireActor(['a', 'b']), chain, 'actor_not_allowed'],
  [
    'an actor by identity',
    (g) => g.requireActor({ iss: issuer.url, sub: 'order-service' }),
    chain,
    'granted',
  ],
  [
    'an actor of another issuer',
    (g) => g.requireActor({ iss: 'https://b', sub: 'order-service' }),
    chain,
    'actor_not_allowed',
  ],
  [
    'a bare name for an actor of another issuer',
    (g) => g.requireActor('order-service'),
    { act: { ...act, iss: 'https://b' } },
    'actor_not_allowed',
  ],
  [
    'an actor that pleases',
    (g) => g.requireActor(({ clientId }) => clientId === 'orders'),
    chain,
    'granted',
  ],
  [
    'an actor that pleases by 1',
    (g) => g.requireActor(() => 1 as unknown as boolean),
    chain,
    'actor_not_allowed',
  ],
  [
    'an actor that pleases later',
    (g) => g.requireActor((() => Promise.resolve(true)) as unknown as () => boolean),
    chain,
    'actor_not_allowed',
  ],

  ['direct, and it is', (g) => g.requireDirect(), {}, 'granted'],
  ['direct, and it is not', (g) => g.requireDirect(), chain, 'delegation_forbidden'],
  ['delegated, and it is', (g) => g.requireDelegated(), chain, 'granted'],
  ['delegated, and it is not', (g) => g.requireDelegated(), {}, 'delegation_required'],

  ['got by this client', (g) => g.requireClient('shop'), { client_id: 'shop' }, 'granted'],
  [
    'got by the client of the actor',
    (g) => g.requireClient('orders'),
    { ...chain, client_id: 'x' },
    'granted',
  ],
  ['got by one of these', (g) => g.requireClient('a', 'shop'), { client_id: 'shop' }, 'granted'],
  ['got by another', (g) => g.requireClient('shop'), { client_id: 'x' }, 'client_not_allowed'],
  [
    'got by a subject that is called like it',
    (g) => g.requireClient('order-service'),
    { ...chain, sub: 'order-service' },
    'client_not_allowed',
  ],
  [
    'got by nobody who is named',
    (g) => g.requireClient('shop'),
    { client_id: undefined },
    'client_not_allowed',
  ],

  ['a claim that is there', (g) => g.requireClaim('tenant'), { tenant: null }, 'granted'],
  ['a claim that is not', (g) => g.requireClaim('tenant'), {}, 'claim_not_accepted'],
  ['a claim that objects inherit', (g) => g.requireClaim('toString'), {}, 'claim_not_accepted'],
  ['a claim of a value', (g) => g.requireClaim('tenant', 'acme'), { tenant: 'acme' }, 'granted'],
  [
    'a claim of another value',
    (g) => g.requireClaim('tenant', 'acme'),
    { tenant: 'Acme' },
    'claim_not_accepted',
  ],
  [
    'a number for a string',
    (g) => g.requireClaim('level', '1'),
    { level: 1 },
    'claim_not_accepted',
  ],
  [
    'one of the values',
    (g) => g.requireClaim('tenant', ['a', 'acme']),
    { tenant: 'acme' },
    'granted',
  ],
  [
    'none of the values',
    (g) => g.requireClaim('tenant', ['a', 'b']),
    { tenant: 'acme' },
    'claim_not_accepted',
  ],
  [
    'an entry of a list',
    (g) => g.requireClaim('roles', 'admin'),
    { roles: ['user', 'admin'] },
    'granted',
  ],
  [
    'no entry of a list',
    (g) => g.requireClaim('roles', 'admin'),
    { roles: ['administrator'] },
    'claim_not_accepted',
  ],
  [
    'an entry of a list in a list',
    (g) => g.requireClaim('roles', 'admin'),
    { roles: [['admin']] },
    'claim_not_accepted',
  ],
  ['a claim that pleases', (g) => g.requireClaim('age', (age) => age === 7), { age: 7 }, 'granted'],
  [
    'a claim that pleases by 1',
    (g) => g.requireClaim('age', (() => 1) as never),
    { age: 7 },
    'claim_not_accepted',
  ],
  [
    'a claim that is absent, which pleases',
    (g) => g.requireClaim('age', () => true),
    {},
    'claim_not_accepted',
  ],

  ['a policy', (g) => g.requirePolicy(({ subject }) => subject === 'user-42'), {}, 'granted'],
  ['a policy that says no', (g) => g.requirePolicy(() => false), {}, 'policy_denied'],
  [
    'a policy that says yes later',
    (g) => g.requirePolicy(() => Promise.resolve(true)),
    {},
    'granted',
  ],
  [
    'a policy that says no later',
    (g) => g.requirePolicy(() => Promise.resolve(false)),
    {},
    'policy_denied',
  ],
  [
    'a policy that forgets to return',
    (g) => g.requirePolicy((() => {}) as never),
    {},
    'policy_denied',
  ],

  ['a policy that says 1', (g) => g.requirePolicy((() => 1) as never), {}, 'policy_denied'],
  ['a strong sign-in', (g) => g.requireStepUp({ acr: 'mfa' }), { acr: 'mfa' }, 'granted'],
  [
    'another sign-in',
    (g) => g.requireStepUp({ acr: 'mfa' }),
    { acr: 'pwd' },
    'authentication_insufficient',
  ],
  ['an unknown sign-in', (g) => g.requireStepUp({ acr: 'mfa' }), {}, 'authentication_insufficient'],
  [
    'one of the sign-ins',
    (g) => g.requireStepUp({ acr: ['mfa', 'hwk'] }),
    { acr: 'hwk' },
    'granted',
  ],
  [
    'an acr that is a list',
    (g) => g.requireStepUp({ acr: 'mfa' }),
    { acr: ['mfa'] },
    'authentication_insufficient',
  ],
  [
    'a sign-in just recent enough',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now - 65 },
    'granted',
  ],
  [
    'a sign-in in milliseconds, which would be recent for ever',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 100_000_000 },
    'authentication_insufficient',
  ],
  [
    'a sign-in just after the token was issued, by a clock that is not exact',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 5 },
    'granted',
  ],
  [
    'a sign-in after the token was issued',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 6 },
    'authentication_insufficient',
  ],
  [
    'a sign-in that is ahead as the token is, on an issuer whose clock runs ahead',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 60, iat: now + 60 },
    'granted',
  ],
  [
    'a sign-in just too old',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now - 66 },
    'authentication_insufficient',
  ],
  [
    'a sign-in of an unknown time',
    (g) => g.requireStepUp({ maxAge: 60 }),
    {},
    'authentication_insufficient',
  ],
  [
    'strong and not recent',
    (g) => g.requireStepUp({ acr: 'mfa', maxAge: 60 }),
    { acr: 'mfa', auth_time: now - 99 },
    'authentication_insufficient',
  ],
  [
    'recent and not strong',
    (g) => g.requireStepUp({ acr: 'mfa', maxAge: 60 }),
    { acr: 'pwd', auth_time: now },
    'authentication_insufficient',
  ],
]

describe('a route that requires', () => {
  test.each(rows)('%s', async (_what, make, claims, code) => {
    const found = await outcome(make, claims)
    expect(found.code).toBe(code)
    expect(found.status === 'proceed').toBe(code === 'granted')
  })
})

test('with several issuers, an actor is an identity', async () => {
  await using other = await startIssuer({ clock: issuer.clock })
  const options = { issuers: [issuer.url, other.url], audience: aud, clock: issuer.clock }
  const { guards, pass } = openDesk(options)
  expect(() => guards.requireActor('order-service')).toThrow(/With several issuers.*{ iss, sub }/)
  const guard = guards.requireActor({ iss: issuer.url, sub: 'order-service' })
  const ask = async (one: typeof issuer) =>
    statusOf(await pass({}, guard, bearer(one.token({ aud, actors: ['order-service'] }))))
  expect(await ask(issuer)).toBe('proceed')
  expect(await ask(other)).toBe(403)
})

test('a refused scope is challenged with all that the route requires', async () => {
  const { result } = await outcome((g) => g.requireScope('a', 'b', 'c'), { scope: 'a' })
  expect(result).toMatchObject({
    reply: { headers: { 'WWW-Authenticate': expect.stringMatching(/, scope="a b c"$/) } },
  })
})
