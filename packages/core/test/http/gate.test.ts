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

// The token of a request, preflights, and guards that fail or are not awaited.

const issuer = await startIssuer()
const { url, clock } = issuer
const good = issuer.token({ aud, scope: 'orders:read' })

const harnessWith = (options: Partial<ResourceServerOptions> = {}): GateHarness =>
  createGateHarness({ issuer: url, clock, ...options })
const orders: MakeGuard = (g) => g.requireAudience(aud)
const authenticated: MakeGuard = (g) => g.requireAuthentication()

describe('a guard that the host does not await', () => {
  test('decides before a later guard does', async () => {
    const harness = harnessWith({ audience: aud })
    const key = {}
    let decide = (_result: boolean): void => {}
    const slow = harness.guards.requirePolicy(
      () => new Promise<boolean>((resolve) => (decide = resolve)),
    )
    const forgotten = harness.pass(key, slow, bearer(good))
    const order: string[] = []
    const later = harness.pass(key, authenticated(harness.guards), bearer(good)).then((result) => {
      order.push('later')
      return result
    })
    // Two verifications of other requests: long enough for one that does not have to wait.
    await runGuards(harnessWith({ audience: aud }), [authenticated], good)
    await runGuards(harnessWith({ audience: aud }), [authenticated], good)
    expect(() => harness.gate.token(key)).toThrow('A guard is still running on this request')
    order.push('earlier')
    decide(false)
    expect(statusOf(await later)).toBe(403)
    expect(statusOf(await forgotten)).toBe(403)
    expect(order).toEqual(['earlier', 'later'])
  })

  test('makes the token unavailable until it has decided', async () => {
    const harness = harnessWith()
    const key = {}
    await harness.pass(key, orders(harness.guards), bearer(good))
    expect(harness.gate.token(key)?.subject).toBe('user-42')
    const slow = harness.guards.requirePolicy(() => Promise.resolve(false))
    const forgotten = harness.pass(key, slow, bearer(good))
    expect(() => harness.gate.token(key)).toThrow('A guard is still running on this request')
    expect(statusOf(await forgotten)).toBe(403)
  })

  test('makes reading the token a ConfigError, even with optional: true', async () => {
    const harness = harnessWith({ optional: true })
    const key = {}
    const passing = harness.pass(key, orders(harness.guards), bearer(good))
    expect(() => harness.gate.token(key)).toThrow(ConfigError)
    await passing
    expect(harness.gate.token(key)?.subject).toBe('user-42')
  })
})

describe('the token of a request', () => {
  test('is available while all guards so far have let the request through', async () => {
    const harness = harnessWith()
    const key = {}
    await harness.pass(key, orders(harness.guards), bearer(good))
    expect(harness.gate.token(key)).toMatchObject({ subject: 'user-42' })
    await harness.pass(key, harness.guards.requireScope('x'), bearer(good))
    expect(() => harness.gate.token(key)).toThrow('This request was refused.')
  })

  test('is unavailable without a guard', () => {
    expect(() => harnessWith().gate.token({})).toThrow(
      /No guard ran on this request.*requireAudience/,
    )
  })

  test('is unavailable to another request', async () => {
    const harness = harnessWith()
    await harness.pass({}, orders(harness.guards), bearer(good))
    expect(() => harness.gate.token({})).toThrow(ConfigError)
  })

  test('is unavailable to another instance', async () => {
    const [one, two] = [harnessWith(), harnessWith()]
    const key = {}
    await one.pass(key, orders(one.guards), bearer(good))
    expect(() => two.gate.token(key)).toThrow(
      'No guard of this resource server ran on this request, but a guard of another one did.',
    )
    expect(() => two.gate.token({})).toThrow('No guard ran on this request.')
  })

  test('is that of each instance whose guards ran', async () => {
    const [one, two, three] = [harnessWith(), harnessWith(), harnessWith()]
    const key = {}
    await one.pass(key, orders(one.guards), bearer(good))
    await two.pass(key, two.guards.requireAudience('stock-service'), bearer(good))
    await three.pass(key, orders(three.guards), bearer(good))
    expect(one.gate.token(key)).toMatchObject({ subject: 'user-42' })
    expect(() => two.gate.token(key)).toThrow('This request was refused.')
    expect(three.gate.token(key)).not.toBe(one.gate.token(key))
    for (const { gate, records } of [one, two, three]) {
      gate.recordDecision(key)
      expect(records).toHaveLength(1)
    }
  })

  test.each([undefined, null, 'a request', 1])('is unavailable for %j', (key) => {
    expect(() => harnessWith().gate.token(key as never)).toThrow('No guard ran on this request.')
  })

  test('is not read from properties of the request', async () => {
    const harness = harnessWith({ audience: aud })
    const auth = { subject: 'admin', scopes: ['admin'], audience: [aud] }
    const key = { auth, token: auth, user: auth }
    expect(
      statusOf(await harness.pass(key, harness.guards.requireScope('admin'), bearer(good))),
    ).toBe(403)
    expect(statusOf(await harness.pass({ auth }, authenticated(harness.guards)))).toBe(401)
  })

  test('comes from the headers that the first guard read', async () => {
    const harness = harnessWith()
    const key = {}
    await harness.pass(key, orders(harness.guards), bearer(good))
    const admin = issuer.token({ aud, sub: 'admin', scope: 'x' })
    await harness.pass(key, authenticated(harness.guards), bearer(admin))
    expect(harness.gate.token(key)?.subject).toBe('user-42')
  })
})

describe('a preflight', () => {
  const preflight = {
    method: 'OPTIONS',
    url: '/orders',
    headers: [
      ['Origin', 'https://shop.example'],
      ['Access-Control-Request-Method', 'PUT'],
    ],
  } as const

  const send = async (harness: GateHarness, request: Partial<HttpRequest> = {}, key = {}) =>
    statusOf(await harness.gate.pass(key, { ...preflight, ...request }, orders(harness.guards)))

  test('requires a token by default', async () => {
    expect(await send(harnessWith())).toBe(401)
  })

  test('passes with allowPreflight: true', async () => {
    expect(await send(harnessWith({ allowPreflight: true }))).toBe('proceed')
  })

  test('must have the method OPTIONS and both headers', async () => {
    const harness = harnessWith({ allowPreflight: true })
    expect(await send(harness, { headers: [] })).toBe(401)
    expect(await send(harness, { headers: [preflight.headers[0]] })).toBe(401)
    expect(await send(harness, { headers: [preflight.headers[1]] })).toBe(401)
    expect(await send(harness, { method: 'GET' })).toBe(401)
  })

  test('has no token and is not recorded', async () => {
    const harness = harnessWith({ allowPreflight: true })
    const key = {}
    await send(harness, {}, key)
    await harness.settle(key)
    expect(() => harness.gate.token(key)).toThrow(
      'This request is a CORS preflight and has no token.',
    )
    expect(harness.records).toEqual([])
  })

  test('does not lift an earlier refusal, and does not grant a later request', async () => {
    const harness = harnessWith({ allowPreflight: true })
    const refused = {}
    expect(await send(harness, { method: 'GET' }, refused)).toBe(401)
    expect(await send(harness, {}, refused)).toBe(401)
    const overridden = {}
    expect(await send(harness, {}, overridden)).toBe('proceed')
    expect(await send(harness, { method: 'PUT' }, overridden)).toBe(401)
  })
})

describe('a guard that throws', () => {
  test.each([undefined, null, 0, '', 'route', { status: 200 }])(
    '%j rejects with an Error',
    async (value) => {
      const harness = harnessWith({ audience: aud })
      const guard = harness.guards.requirePolicy(() => {
        throw value
      })
      const thrown: unknown = await harness
        .pass({}, guard, bearer(good))
        .catch((error: unknown) => error)
      expect(thrown).toBeInstanceOf(Error)
      expect(thrown).toMatchObject({
        cause: value,
        message: expect.stringContaining('requirePolicy'),
      })
    },
  )

  test('an Error rejects with that Error and refuses the request for later guards', async () => {
    const harness = harnessWith({ audience: aud })
    const key = {}
    const fault = new Error('the database is unavailable')
    const guard = harness.guards.requirePolicy(() => Promise.reject(fault))
    await expect(harness.pass(key, guard, bearer(good))).rejects.toBe(fault)
    expect(statusOf(await harness.pass(key, authenticated(harness.guards), bearer(good)))).toBe(503)
    expect(harness.records).toMatchObject([{ outcome: 'unavailable', code: 'verification_failed' }])
    expect(JSON.stringify(harness.records)).not.toContain('database')
  })
})

test("with onRefusal: 'throw' the result is an error with status and headers", async () => {
  const harness = harnessWith({ onRefusal: 'throw' })
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
