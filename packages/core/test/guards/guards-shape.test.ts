import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import { authenticateFor, authenticateOnly, scopeGuard } from '../../src/guards/guards.ts'
import { ConfigError, deny, type DecisionRecord } from '../../src/index.ts'
import {
  aud,
  bearer,
  type MakeGuard,
  createGateHarness,
  optionsFor,
  startIssuer,
  statusOf,
} from '../support.ts'

// A guard as data: its name in records, and its requirements, which the first guard on a route and the
// OpenAPI description use.

const issuer = await startIssuer()
const options = optionsFor(issuer)

type Row = [name: string, make: MakeGuard, more?: Partial<Guard>]
const ab = ['a', 'b']

test.each<Row>([
  ['requireAuthentication', (g) => g.requireAuthentication()],
  [
    'requireAudience(a, b)',
    (g) => g.requireAudience(['a', 'b']),
    { audience: { names: ab, exclusive: false }, admitsAnonymous: true },
  ],
  [
    'requireAudience(a)',
    (g) => g.requireAudience({ only: 'a' }),
    { audience: { names: ['a'], exclusive: true }, admitsAnonymous: true },
  ],
  ['requireScope(a, b)', (g) => g.requireScope('a', 'b'), { scopeNeed: { all: ab } }],
  ['requireAnyScope(a, b)', (g) => g.requireAnyScope('a', 'b'), { scopeNeed: { any: ab } }],
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
])('the guard %s has the expected name and requirements', (name, make, more = {}) => {
  const check: unknown = expect.any(Function)
  expect(make(createGateHarness(options).guards)).toEqual({
    name,
    admitsAnonymous: false,
    check,
    ...more,
  })
})

test('a guard whose scopes depend on the request has them in its challenges', () => {
  expect(authenticateFor([])).toBe(authenticateOnly)
  expect(authenticateFor(ab)).toEqual({ ...authenticateOnly, challengeScope: ab })
  expect(scopeGuard(ab)).toEqual({
    name: 'requireScope(a, b)',
    admitsAnonymous: false,
    check: expect.any(Function) as unknown,
    scopeNeed: { all: ab },
    challengeScope: ab,
  })
})

test('the names of requireRole and requirePermission contain their arguments', () => {
  const profile = {
    name: 'own',
    types: ['at+jwt'],
    clientClaims: [],
    scopeClaims: [],
    requiredClaims: [],
    ignoredAudiences: [],
    roles: [{ path: ['r'] }],
    permissions: [{ path: ['p'] }],
  }
  const { guards } = createGateHarness({ ...options, profile })
  expect(guards.requireRole('a', 'b').name).toBe('requireRole(a, b)')
  expect(guards.requirePermission('a').name).toBe('requirePermission(a)')
})

test('authenticateOnly accepts every token for the configured audience', () => {
  expect(authenticateOnly).toEqual({
    name: 'authenticate',
    admitsAnonymous: true,
    check: expect.any(Function),
  })
  expect(Object.isFrozen(authenticateOnly)).toBe(true)
  expect(authenticateOnly.check({} as never)).toBeUndefined()
})

/** The decision record of a request that runs these guards in order. */
async function recordOf(
  makes: readonly MakeGuard[],
  claims: object,
): Promise<DecisionRecord | undefined> {
  const { guards, pass, settle, records } = createGateHarness(options)
  const key = {}
  const token = issuer.token({ aud, claims: { ...claims } })
  for (const make of makes) {
    const result = await pass(key, make(guards), bearer(token))
    if (statusOf(result) !== 'proceed') break
  }
  await settle(key)
  return records[0]
}

describe('a guard after the first one', () => {
  const act = { sub: 'order-service' }
  test.each<[string, MakeGuard, object, string]>([
    ['requireAudience', (g) => g.requireAudience('stock'), {}, 'audience_mismatch'],
    ['requireDirect', (g) => g.requireDirect(), { act }, 'delegation_forbidden'],
    ['requireDelegated', (g) => g.requireDelegated(), {}, 'delegation_required'],
  ])('is checked in addition to the configuration: %s', async (_what, make, claims, code) => {
    const record = await recordOf([(g) => g.requireAuthentication(), make], claims)
    expect(record).toMatchObject({ code })
  })
})

test.each<[result: unknown, shown: string]>([
  [false, 'false'],
  [undefined, 'a value that is not a boolean'],
  ['true', 'a value that is not a boolean'],
])(
  'the reason of policy_denied gives the result of a function that returns %j',
  async (result, shown) => {
    const record = await recordOf([(g) => g.requirePolicy((() => result) as never)], {})
    expect(record).toMatchObject({
      code: 'policy_denied',
      reason: `the policy function returned ${shown}`,
    })
  },
)

test('the reason of token_denied gives the reason of deny.invalidToken()', async () => {
  const denied = () => deny.invalidToken('the account is locked')
  const record = await recordOf([(g) => g.requirePolicy(denied)], {})
  expect(record).toMatchObject({
    code: 'token_denied',
    reason: 'the policy function refused the token: the account is locked',
  })
})

test.each([
  [undefined, 'undefined'],
  ['', 'an empty string'],
  [1, 'a number'],
])('deny.invalidToken(%j) is a ConfigError, and its message says %s', (reason, got) => {
  expect(() => deny.invalidToken(reason as never)).toThrow(
    new ConfigError(
      `deny.invalidToken() needs a reason, got ${got}.`,
      "Say why, for the operator: deny.invalidToken('the account is locked').",
    ),
  )
})

describe('a ConfigError', () => {
  const { guards } = createGateHarness(options)
  /** The guards without their types, as JavaScript code sees them. */
  const untyped = guards as unknown as Record<keyof typeof guards, (...args: unknown[]) => Guard>
  const fix =
    'Call it, as in app.use(requireAuthentication()), and pass several values as an array.'
  test.each<[name: keyof typeof guards, given: number, accepted: number]>([
    ['requireAuthentication', 1, 0],
    ['requireAudience', 2, 1],
    ['requireClaim', 3, 2],
    ['requireDirect', 2, 0],
    ['requireStepUp', 2, 1],
  ])('says that %s got %i arguments, at most %i expected', (name, given, accepted) => {
    const make = (): unknown => untyped[name](...Array<string>(given).fill('a'))
    expect(make).toThrow(
      new ConfigError(
        `${name} got too many arguments: ${given}, expected at most ${accepted}.`,
        fix,
      ),
    )
  })

  test('is thrown by requirePolicy without a function and by requireClient with null', () => {
    expect(() => untyped.requirePolicy('yes')).toThrow(
      new ConfigError('requirePolicy needs a function.', 'Write requirePolicy((token) => …).'),
    )
    expect(() => untyped.requireClient(null)).toThrow(ConfigError)
  })
})
