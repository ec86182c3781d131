import { describe, expect, test } from 'vitest'
import type { HttpRequest } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import {
  aud,
  bearer,
  type GateHarness,
  type MakeGuard,
  createGateHarness,
  startIssuer,
  statusOf,
  runGuards,
} from '../support.ts'

// What a request has, and when.

const issuer = await startIssuer()
const { url, clock } = issuer
const good = issuer.token({ aud, scope: 'orders:read' })

const open = (options: Partial<ResourceServerOptions> = {}): GateHarness =>
  createGateHarness({ issuer: url, clock, ...options })
const orders: MakeGuard = (g) => g.requireAudience(aud)
const anybody: MakeGuard = (g) => g.requireAuthentication()

describe('a forgotten await', () => {
  test('does not let a later guard answer before an earlier one has decided', async () => {
    const harness = open({ audience: aud })
    const key = {}
    let decide = (_answer: boolean): void => {}
    const slow = harness.guards.requirePolicy(
      () => new Promise<boolean>((resolve) => (decide = resolve)),
    )
    const forgotten = harness.pass(key, slow, bearer(good))
    const order: string[] = []
    const later = harness.pass(key, anybody(harness.guards), bearer(good)).then((result) => {
      order.push('later')
      return result
    })
    // Long enough for a verification without anything to wait for.
    await runGuards(open({ audience: aud }), [anybody], good)
    await runGuards(open({ audience: aud }), [anybody], good)
    expect(() => harness.gate.token(key)).toThrow('A guard is still running on this request')
    order.push('earlier')
    decide(false)
    expect(statusOf(await later)).toBe(403)
    expect(statusOf(await forgotten)).toBe(403)
    expect(order).toEqual(['earlier', 'later'])
  })

  test('takes back what an earlier guard let through, until it has decided', async () => {
    const harness = open()
    const key = {}
    await harness.pass(key, orders(harness.guards), bearer(good))
    expect(harness.gate.token(key)?.subject).toBe('user-42')
    const slow = harness.guards.requirePolicy(() => Promise.resolve(false))
    const forgotten = harness.pass(key, slow, bearer(good))
    expect(() => harness.gate.token(key)).toThrow('A guard is still running on this request')
    expect(statusOf(await forgotten)).toBe(403)
  })

  test('and a token that is asked for too early is an error, not an absent token', async () => {
    const harness = open({ optional: true })
    const key = {}
    const passing = harness.pass(key, orders(harness.guards), bearer(good))
    expect(() => harness.gate.token(key)).toThrow(ConfigError)
    await passing
    expect(harness.gate.token(key)?.subject).toBe('user-42')
  })
})

describe('the token of a request', () => {
  test('is there once all guards so far let it through', async () => {
    const harness = open()
    const key = {}
    await harness.pass(key, orders(harness.guards), bearer(good))
    expect(harness.gate.token(key)).toMatchObject({ subject: 'user-42' })
    await harness.pass(key, harness.guards.requireScope('x'), bearer(good))
    expect(() => harness.gate.token(key)).toThrow('This request was refused.')
  })

  test('is not there without a guard', () => {
    expect(() => open().gate.token({})).toThrow(/No guard ran on this request.*requireAudience/)
  })

  test("is the request's own: another request of the same caller has none", async () => {
    const harness = open()
    await harness.pass({}, orders(harness.guards), bearer(good))
    expect(() => harness.gate.token({})).toThrow(ConfigError)
  })

  test("is the instance's own: another instance knows nothing of it", async () => {
    const [one, two] = [open(), open()]
    const key = {}
    await one.pass(key, orders(one.guards), bearer(good))
    expect(() => two.gate.token(key)).toThrow(ConfigError)
  })

  test('is not what somebody wrote to the request', async () => {
    const harness = open({ audience: aud })
    const auth = { subject: 'admin', scopes: ['admin'], audience: [aud] }
    const key = { auth, token: auth, user: auth }
    expect(
      statusOf(await harness.pass(key, harness.guards.requireScope('admin'), bearer(good))),
    ).toBe(403)
    expect(statusOf(await harness.pass({ auth }, anybody(harness.guards)))).toBe(401)
  })

  test('is of the headers as they were when the first guard came', async () => {
    const harness = open()
    const key = {}
    await harness.pass(key, orders(harness.guards), bearer(good))
    const admin = issuer.token({ aud, sub: 'admin', scope: 'x' })
    await harness.pass(key, anybody(harness.guards), bearer(admin))
    expect(harness.gate.token(key)?.subject).toBe('user-42')
  })
})

describe('a preflight', () => {
  const preflight = {
    ...{ method: 'OPTIONS', url: '/orders' },
    headers: [
      ['Origin', 'https://shop.example'],
      ['Access-Control-Request-Method', 'PUT'],
    ],
  } as const

  const send = async (harness: GateHarness, request: Partial<HttpRequest> = {}, key = {}) =>
    statusOf(await harness.gate.pass(key, { ...preflight, ...request }, orders(harness.guards)))

  test('needs a token like any request', async () => {
    expect(await send(open())).toBe(401)
  })

  test('passes where the user says so', async () => {
    expect(await send(open({ allowPreflight: true }))).toBe('proceed')
  })

  test('is none without its headers or with another method', async () => {
    const harness = open({ allowPreflight: true })
    expect(await send(harness, { headers: [] })).toBe(401)
    expect(await send(harness, { headers: [preflight.headers[0]] })).toBe(401)
    expect(await send(harness, { headers: [preflight.headers[1]] })).toBe(401)
    expect(await send(harness, { method: 'GET' })).toBe(401)
  })

  test('has no token, and leaves no record', async () => {
    const harness = open({ allowPreflight: true })
    const key = {}
    await send(harness, {}, key)
    await harness.settle(key)
    expect(() => harness.gate.token(key)).toThrow(
      'This request is a CORS preflight and has no token.',
    )
    expect(harness.records).toEqual([])
  })

  test('does not wash off a refusal, and buys nothing for the request that it becomes', async () => {
    const harness = open({ allowPreflight: true })
    const refused = {}
    expect(await send(harness, { method: 'GET' }, refused)).toBe(401)
    expect(await send(harness, {}, refused)).toBe(401)
    const overridden = {}
    expect(await send(harness, {}, overridden)).toBe('proceed')
    expect(await send(harness, { method: 'PUT' }, overridden)).toBe(401)
  })
})

describe('what a guard throws', () => {
  test.each([undefined, null, 0, '', 'route', { status: 200 }])(
    'is an Error to the host: %j',
    async (odd) => {
      const harness = open({ audience: aud })
      const guard = harness.guards.requirePolicy(() => {
        throw odd
      })
      const thrown: unknown = await harness
        .pass({}, guard, bearer(good))
        .catch((error: unknown) => error)
      expect(thrown).toBeInstanceOf(Error)
      expect(thrown).toMatchObject({
        cause: odd,
        message: expect.stringContaining('requirePolicy'),
      })
    },
  )

  test('is handed on as it is where it is an Error, and refuses for good', async () => {
    const harness = open({ audience: aud })
    const key = {}
    const fault = new Error('the database is away')
    const guard = harness.guards.requirePolicy(() => Promise.reject(fault))
    await expect(harness.pass(key, guard, bearer(good))).rejects.toBe(fault)
    expect(statusOf(await harness.pass(key, anybody(harness.guards), bearer(good)))).toBe(503)
    expect(harness.records).toMatchObject([{ outcome: 'unavailable', code: 'verification_failed' }])
    expect(JSON.stringify(harness.records)).not.toContain('database')
  })
})

test('with onRefusal: throw the host gets an error with status and headers', async () => {
  const harness = open({ onRefusal: 'throw' })
  const result = await harness.pass({}, orders(harness.guards))
  expect(result).toMatchObject({
    action: 'throw',
    error: {
      status: 401,
      code: 'credential_missing',
      headers: { 'WWW-Authenticate': 'Bearer realm="api"' },
    },
  })
})
