import { describe, expect, test } from 'vitest'
import { deny, type ResourceServerOptions } from '../../src/index.ts'
import {
  aud,
  bearer,
  createGateHarness,
  type MakeGuard,
  optionsFor,
  startIssuer,
  statusOf,
} from '../support.ts'

const issuer = await startIssuer()
const now = issuer.clock.now() / 1000

type Row = readonly [what: string, make: MakeGuard, claims: object, code: string]

async function outcome(
  make: MakeGuard,
  claims: object,
  options: Partial<ResourceServerOptions> = {},
) {
  const { guards, pass, settle, records } = createGateHarness({ ...optionsFor(issuer), ...options })
  const key = {}
  const token = issuer.token({ aud, claims: { ...claims } })
  const result = await pass(key, make(guards), bearer(token))
  await settle(key)
  expect(records).toHaveLength(1)
  return { status: statusOf(result), code: records[0]?.code ?? 'granted', result }
}

const act = { sub: 'order-service', client_id: 'orders' }
const priorAct = { sub: 'user-service', client_id: 'users' }
const chain = { act: { ...act, act: priorAct } }
const read = { scope: 'orders:read' }

const rows: readonly Row[] = [
  [
    'requireAuthentication accepts any valid token',
    (g) => g.requireAuthentication(),
    {},
    'granted',
  ],

  [
    'requireScope accepts a token with all scopes',
    (g) => g.requireScope('a', 'b'),
    { scope: 'b a c' },
    'granted',
  ],
  [
    'requireScope refuses a token without one of the scopes',
    (g) => g.requireScope('a', 'b'),
    { scope: 'a' },
    'scope_insufficient',
  ],
  [
    'requireScope refuses a scope that only starts like the required one',
    (g) => g.requireScope('orders'),
    read,
    'scope_insufficient',
  ],
  [
    'requireScope refuses different capitalization',
    (g) => g.requireScope('Orders:read'),
    read,
    'scope_insufficient',
  ],
  [
    'requireScope refuses a token without scopes',
    (g) => g.requireScope('a'),
    {},
    'scope_insufficient',
  ],
  [
    'requireAnyScope accepts a token with one of the scopes',
    (g) => g.requireAnyScope('a', 'b'),
    { scope: 'b' },
    'granted',
  ],
  [
    'requireAnyScope refuses a token with none of the scopes',
    (g) => g.requireAnyScope('a', 'b'),
    { scope: 'c' },
    'scope_insufficient',
  ],

  [
    'requireActor accepts the current actor',
    (g) => g.requireActor('order-service'),
    chain,
    'granted',
  ],
  [
    'requireActor refuses a prior actor',
    (g) => g.requireActor('user-service'),
    chain,
    'actor_not_allowed',
  ],
  [
    'requireClient refuses the client of a prior actor',
    (g) => g.requireClient('users'),
    { ...chain, client_id: 'x' },
    'client_not_allowed',
  ],
  [
    'requireActor refuses the client ID of the actor',
    (g) => g.requireActor('orders'),
    chain,
    'actor_not_allowed',
  ],
  [
    'requireActor refuses a token without an actor',
    (g) => g.requireActor('order-service'),
    {},
    'actor_not_allowed',
  ],
  [
    'requireActor refuses the subject of a direct token',
    (g) => g.requireActor('user-42'),
    {},
    'actor_not_allowed',
  ],
  [
    'requireActor accepts one of several arguments',
    (g) => g.requireActor('a', 'order-service'),
    chain,
    'granted',
  ],
  [
    'requireActor accepts one entry of a list',
    (g) => g.requireActor(['a', 'order-service']),
    chain,
    'granted',
  ],
  [
    'requireActor refuses an actor that is not in the list',
    (g) => g.requireActor(['a', 'b']),
    chain,
    'actor_not_allowed',
  ],
  [
    'requireActor accepts an actor by iss and sub',
    (g) => g.requireActor({ iss: issuer.url, sub: 'order-service' }),
    chain,
    'granted',
  ],
  [
    'requireActor refuses an actor whose issuer is different',
    (g) => g.requireActor({ iss: 'https://b', sub: 'order-service' }),
    chain,
    'actor_not_allowed',
  ],
  [
    'requireActor refuses an actor of another issuer if the rule is a string',
    (g) => g.requireActor('order-service'),
    { act: { ...act, iss: 'https://b' } },
    'actor_not_allowed',
  ],
  [
    'requireActor accepts an actor for which a function returns true',
    (g) => g.requireActor(({ clientId }) => clientId === 'orders'),
    chain,
    'granted',
  ],
  [
    'requireActor refuses an actor for which a function returns 1',
    (g) => g.requireActor(() => 1 as unknown as boolean),
    chain,
    'actor_not_allowed',
  ],
  [
    'requireActor refuses an actor for which a function returns a promise',
    (g) => g.requireActor((() => Promise.resolve(true)) as unknown as () => boolean),
    chain,
    'actor_not_allowed',
  ],

  ['requireDirect accepts a direct token', (g) => g.requireDirect(), {}, 'granted'],
  [
    'requireDirect refuses a delegated token',
    (g) => g.requireDirect(),
    chain,
    'delegation_forbidden',
  ],
  ['requireDelegated accepts a delegated token', (g) => g.requireDelegated(), chain, 'granted'],
  [
    'requireDelegated refuses a direct token',
    (g) => g.requireDelegated(),
    {},
    'delegation_required',
  ],

  [
    'requireClient accepts the client of the token',
    (g) => g.requireClient('shop'),
    { client_id: 'shop' },
    'granted',
  ],
  [
    'requireClient accepts the client ID of the actor',
    (g) => g.requireClient('orders'),
    { ...chain, client_id: 'x' },
    'granted',
  ],
  [
    'requireClient accepts one of several clients',
    (g) => g.requireClient('a', 'shop'),
    { client_id: 'shop' },
    'granted',
  ],
  [
    'requireClient refuses another client',
    (g) => g.requireClient('shop'),
    { client_id: 'x' },
    'client_not_allowed',
  ],
  [
    'requireClient refuses a subject whose name is the client ID',
    (g) => g.requireClient('order-service'),
    { ...chain, sub: 'order-service' },
    'client_not_allowed',
  ],
  [
    'requireClient refuses a token without a client',
    (g) => g.requireClient('shop'),
    { client_id: undefined },
    'client_not_allowed',
  ],

  [
    'requireClaim accepts any value of the claim',
    (g) => g.requireClaim('tenant'),
    { tenant: null },
    'granted',
  ],
  [
    'requireClaim refuses a token without the claim',
    (g) => g.requireClaim('tenant'),
    {},
    'claim_not_accepted',
  ],
  [
    'requireClaim refuses a name that objects inherit',
    (g) => g.requireClaim('toString'),
    {},
    'claim_not_accepted',
  ],
  [
    'requireClaim accepts the value',
    (g) => g.requireClaim('tenant', 'acme'),
    { tenant: 'acme' },
    'granted',
  ],
  [
    'requireClaim refuses another value',
    (g) => g.requireClaim('tenant', 'acme'),
    { tenant: 'Acme' },
    'claim_not_accepted',
  ],
  [
    'requireClaim refuses a number instead of a string',
    (g) => g.requireClaim('level', '1'),
    { level: 1 },
    'claim_not_accepted',
  ],
  [
    'requireClaim accepts one of several values',
    (g) => g.requireClaim('tenant', ['a', 'acme']),
    { tenant: 'acme' },
    'granted',
  ],
  [
    'requireClaim refuses a value that is not in the list',
    (g) => g.requireClaim('tenant', ['a', 'b']),
    { tenant: 'acme' },
    'claim_not_accepted',
  ],
  [
    'requireClaim accepts a claim whose list has the value',
    (g) => g.requireClaim('roles', 'admin'),
    { roles: ['user', 'admin'] },
    'granted',
  ],
  [
    'requireClaim refuses a claim whose list does not have the value',
    (g) => g.requireClaim('roles', 'admin'),
    { roles: ['administrator'] },
    'claim_not_accepted',
  ],
  [
    'requireClaim refuses a value in a nested list',
    (g) => g.requireClaim('roles', 'admin'),
    { roles: [['admin']] },
    'claim_not_accepted',
  ],
  [
    'requireClaim accepts a value for which a function returns true',
    (g) => g.requireClaim('age', (age) => age === 7),
    { age: 7 },
    'granted',
  ],
  [
    'requireClaim refuses a value for which a function returns 1',
    (g) => g.requireClaim('age', (() => 1) as never),
    { age: 7 },
    'claim_not_accepted',
  ],
  [
    'requireClaim refuses an absent claim even if a function returns true',
    (g) => g.requireClaim('age', () => true),
    {},
    'claim_not_accepted',
  ],

  [
    'requirePolicy accepts a function that returns true',
    (g) => g.requirePolicy(({ subject }) => subject === 'user-42'),
    {},
    'granted',
  ],
  [
    'requirePolicy refuses if the function returns false',
    (g) => g.requirePolicy(() => false),
    {},
    'policy_denied',
  ],
  [
    'requirePolicy accepts a function that resolves to true',
    (g) => g.requirePolicy(() => Promise.resolve(true)),
    {},
    'granted',
  ],
  [
    'requirePolicy refuses if the function resolves to false',
    (g) => g.requirePolicy(() => Promise.resolve(false)),
    {},
    'policy_denied',
  ],
  [
    'requirePolicy refuses if the function returns undefined',
    (g) => g.requirePolicy((() => {}) as never),
    {},
    'policy_denied',
  ],
  [
    'requirePolicy refuses the token if the function returns deny.invalidToken()',
    (g) => g.requirePolicy(() => deny.invalidToken('the account is locked')),
    {},
    'token_denied',
  ],
  [
    'requirePolicy refuses the token if the function resolves to deny.invalidToken()',
    (g) => g.requirePolicy(() => Promise.resolve(deny.invalidToken('the account is locked'))),
    {},
    'token_denied',
  ],
  [
    'requirePolicy refuses an object that only looks like a denial',
    (g) => g.requirePolicy((() => ({ reason: 'the account is locked' })) as never),
    {},
    'policy_denied',
  ],

  [
    'requirePolicy refuses if the function returns 1',
    (g) => g.requirePolicy((() => 1) as never),
    {},
    'policy_denied',
  ],
  [
    'requireStepUp accepts the acr',
    (g) => g.requireStepUp({ acr: 'mfa' }),
    { acr: 'mfa' },
    'granted',
  ],
  [
    'requireStepUp refuses another acr',
    (g) => g.requireStepUp({ acr: 'mfa' }),
    { acr: 'pwd' },
    'authentication_insufficient',
  ],
  [
    'requireStepUp refuses a token without acr',
    (g) => g.requireStepUp({ acr: 'mfa' }),
    {},
    'authentication_insufficient',
  ],
  [
    'requireStepUp accepts one of several acr values',
    (g) => g.requireStepUp({ acr: ['mfa', 'hwk'] }),
    { acr: 'hwk' },
    'granted',
  ],
  [
    'requireStepUp refuses an acr that is a list',
    (g) => g.requireStepUp({ acr: 'mfa' }),
    { acr: ['mfa'] },
    'authentication_insufficient',
  ],
  [
    'requireStepUp accepts auth_time at the limit of maxAge plus the tolerance',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now - 65 },
    'granted',
  ],
  [
    'requireStepUp refuses auth_time in the far future, such as one in milliseconds',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 100_000_000 },
    'authentication_insufficient',
  ],
  [
    'requireStepUp accepts auth_time after iat within the tolerance',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 5 },
    'granted',
  ],
  [
    'requireStepUp refuses auth_time after iat beyond the tolerance',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 6 },
    'authentication_insufficient',
  ],
  [
    'requireStepUp accepts auth_time in the future if iat is in the future too',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now + 60, iat: now + 60 },
    'granted',
  ],
  [
    'requireStepUp refuses auth_time just beyond maxAge plus the tolerance',
    (g) => g.requireStepUp({ maxAge: 60 }),
    { auth_time: now - 66 },
    'authentication_insufficient',
  ],
  [
    'requireStepUp refuses a token without auth_time',
    (g) => g.requireStepUp({ maxAge: 60 }),
    {},
    'authentication_insufficient',
  ],
  [
    'requireStepUp refuses the right acr with an old auth_time',
    (g) => g.requireStepUp({ acr: 'mfa', maxAge: 60 }),
    { acr: 'mfa', auth_time: now - 99 },
    'authentication_insufficient',
  ],
  [
    'requireStepUp refuses a recent auth_time with another acr',
    (g) => g.requireStepUp({ acr: 'mfa', maxAge: 60 }),
    { acr: 'pwd', auth_time: now },
    'authentication_insufficient',
  ],
]

describe('a guard on a route', () => {
  test.each(rows)('%s', async (_what, make, claims, code) => {
    const found = await outcome(make, claims)
    expect(found.code).toBe(code)
    expect(found.status === 'proceed').toBe(code === 'granted')
  })
})

test('with several issuers, requireActor needs iss and sub and compares both', async () => {
  await using other = await startIssuer({ clock: issuer.clock })
  const options = { issuers: [issuer.url, other.url], audience: aud, clock: issuer.clock }
  const { guards, pass } = createGateHarness(options)
  expect(() => guards.requireActor('order-service')).toThrow(/more than one issuer.*{ iss, sub }/)
  const guard = guards.requireActor({ iss: issuer.url, sub: 'order-service' })
  const statusFor = async (one: typeof issuer) =>
    statusOf(await pass({}, guard, bearer(one.token({ aud, actors: ['order-service'] }))))
  expect(await statusFor(issuer)).toBe('proceed')
  expect(await statusFor(other)).toBe(403)
})

test('the challenge of requireScope names every scope that the route requires', async () => {
  const { result } = await outcome((g) => g.requireScope('a', 'b', 'c'), { scope: 'a' })
  expect(result).toMatchObject({
    reply: { headers: { 'WWW-Authenticate': expect.stringMatching(/, scope="a b c"$/) } },
  })
})
