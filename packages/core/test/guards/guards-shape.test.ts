import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import { authenticateOnly } from '../../src/guards/guards.ts'
import { ConfigError, type DecisionRecord } from '../../src/index.ts'
import { aud, bearer, type Make, openDesk, optionsFor, startIssuer, statusOf } from '../support.ts'

// What a guard is as data: its name in records, and what is asked for where it comes first or is described.

const issuer = await startIssuer()
const options = optionsFor(issuer)

type Row = [name: string, make: Make, more?: Partial<Guard>]
const [ab, anonymous] = [['a', 'b'], { admitsAnonymous: true }]
const audience = { names: ab, exclusive: false }

test.each<Row>([
  ['requireAuthentication', (g) => g.requireAuthentication()],
  ['requireAudience(a, b)', (g) => g.requireAudience(['a', 'b']), { audience, ...anonymous }],
  [
    'requireAudience(a)',
    (g) => g.requireAudience({ only: 'a' }),
    { audience: { names: ['a'], exclusive: true }, ...anonymous },
  ],
  ['requireScope(a, b)', (g) => g.requireScope('a', 'b'), { scopes: ab, scopeNeed: { all: ab } }],
  [
    'requireAnyScope(a, b)',
    (g) => g.requireAnyScope('a', 'b'),
    { scopes: ab, scopeNeed: { any: ab } },
  ],
  ['requireActor', (g) => g.requireActor('a', 'b')],
  ['requireDirect', (g) => g.requireDirect(), { delegation: 'direct' }],
  ['requireDelegated', (g) => g.requireDelegated(), { delegation: 'delegated' }],
  [
    'requireClient(a, b)',
    (g) => g.requireClient('a', { iss: 'https://b.example', client_id: 'b' }),
  ],
  ['requireClaim(tenant)', (g) => g.requireClaim('tenant', 'acme')],
  ['requirePolicy', (g) => g.requirePolicy(() => true)],
  ['requireStepUp', (g) => g.requireStepUp({ acr: 'mfa' })],
])('%s', (name, make, more = {}) => {
  const check: unknown = expect.any(Function)
  expect(make(openDesk(options).guards)).toEqual({ name, admitsAnonymous: false, check, ...more })
})

test('roles and permissions, where the profile has them', () => {
  const profile = {
    ...{ name: 'own', types: ['at+jwt'], clientClaims: [], scopeClaims: [], requiredClaims: [] },
    ...{ ignoredAudiences: [], roles: [{ path: ['r'] }], permissions: [{ path: ['p'] }] },
  }
  const { guards } = openDesk({ ...options, profile })
  expect(guards.requireRole('a', 'b').name).toBe('requireRole(a, b)')
  expect(guards.requirePermission('a').name).toBe('requirePermission(a)')
})

test('the one that asks for nothing more than the configured audience', () => {
  expect(authenticateOnly).toEqual({
    ...{ name: 'authenticate', admitsAnonymous: true },
    check: expect.any(Function),
  })
  expect(Object.isFrozen(authenticateOnly)).toBe(true)
  expect(authenticateOnly.check({} as never)).toBeUndefined()
})

/** The record of a request through guards in order. */
async function recordOf(
  makes: readonly Make[],
  claims: object,
): Promise<DecisionRecord | undefined> {
  const desk = openDesk(options)
  const [key, token] = [{}, issuer.token({ aud, claims: { ...claims } })]
  for (const make of makes) {
    const result = await desk.pass(key, make(desk.guards), bearer(token))
    if (statusOf(result) !== 'proceed') break
  }
  await desk.settle(key)
  return desk.records[0]
}

describe('as a later guard', () => {
  const act = { sub: 'order-service' }
  test.each<[string, Make, object, string]>([
    ['another audience', (g) => g.requireAudience('stock'), {}, 'audience_mismatch'],
    ['direct', (g) => g.requireDirect(), { act }, 'delegation_forbidden'],
    ['delegated', (g) => g.requireDelegated(), {}, 'delegation_required'],
  ])('%s has to hold as well', async (_what, make, claims, code) => {
    const record = await recordOf([(g) => g.requireAuthentication(), make], claims)
    expect(record).toMatchObject({ code })
  })
})

test.each<[answer: unknown, shown: string]>([
  [false, 'false'],
  [undefined, 'no boolean'],
  ['true', 'no boolean'],
])('a policy function that returns %j is quoted', async (answer, shown) => {
  const record = await recordOf([(g) => g.requirePolicy((() => answer) as never)], {})
  expect(record).toMatchObject({
    ...{ code: 'policy_denied', reason: `the policy function returned ${shown}` },
  })
})

describe('what is said of misuse', () => {
  const { guards } = openDesk(options)
  const loose = guards as unknown as Record<keyof typeof guards, (...given: unknown[]) => Guard>
  const fix =
    'Write it with its parentheses, app.use(requireAuthentication()), and several values as a list.'
  test.each<[name: keyof typeof guards, given: number, takes: number]>([
    ['requireAuthentication', 1, 0],
    ['requireAudience', 2, 1],
    ['requireClaim', 3, 2],
    ['requireDirect', 2, 0],
    ['requireStepUp', 2, 1],
  ])('%s with %i arguments', (name, given, takes) => {
    const make = (): unknown => loose[name](...Array<string>(given).fill('a'))
    expect(make).toThrow(new ConfigError(`A guard got ${given} arguments and takes ${takes}.`, fix))
  })

  test('no function, and no client', () => {
    expect(() => loose.requirePolicy('yes')).toThrow(
      new ConfigError('requirePolicy got no function.', 'Write requirePolicy((token) => …).'),
    )
    expect(() => loose.requireClient(null)).toThrow(ConfigError)
  })
})
