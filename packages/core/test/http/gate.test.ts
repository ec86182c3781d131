import { describe, expect, test } from 'vitest'
import type { HttpRequest } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import {
  aud,
  bearer,
  type Desk,
  type Make,
  openDesk,
  startIssuer,
  statusOf,
  walk,
} from '../support.ts'

// What a request has, and when.

const issuer = await startIssuer()
const { url, clock } = issuer
const good = issuer.token({ aud, scope: 'orders:read' })

const open = (options: Partial<ResourceServerOptions> = {}): Desk =>
  openDesk({ issuer: url, clock, ...options })
const orders: Make = (g) => g.requireAudience(aud)
const anybody: Make = (g) => g.requireAuthentication()

describe('a forgotten await', () => {
  test('does not let a later guard answer before an earlier one has decided', async () => {
    const desk = open({ audience: aud })
    const key = {}
    let decide = (_answer: boolean): void => {}
    const slow = desk.guards.requirePolicy(
      () => new Promise<boolean>((resolve) => (decide = resolve)),
    )
    const forgotten = desk.pass(key, slow, bearer(good))
    const order: string[] = []
    const later = desk.pass(key, anybody(desk.guards), bearer(good)).then((result) => {
      order.push('later')
      return result
    })
    // Long enough for a verification without anything to wait for.
    await walk(open({ audience: aud }), [anybody], good)
    await walk(open({ audience: aud }), [anybody], good)
    expect(() => desk.gate.token(key)).toThrow('A guard is still running on this request')
    order.push('earlier')
    decide(false)
    expect(statusOf(await later)).toBe(403)
    expect(statusOf(await forgotten)).toBe(403)
    expect(order).toEqual(['earlier', 'later'])
  })

  test('takes back what an earlier guard let through, until it has decided', async () => {
    const desk = open()
    const key = {}
    await desk.pass(key, orders(desk.guards), bearer(good))
    expect(desk.gate.token(key)?.subject).toBe('user-42')
    const slow = desk.guards.requirePolicy(() => Promise.resolve(false))
    const forgotten = desk.pass(key, slow, bearer(good))
    expect(() => desk.gate.token(key)).toThrow('A guard is still running on this request')
    expect(statusOf(await forgotten)).toBe(403)
  })

  test('and a token that is asked for too early is an error, not an absent token', async () => {
    const desk = open({ optional: true })
    const key = {}
    const passing = desk.pass(key, orders(desk.guards), bearer(good))
    expect(() => desk.gate.token(key)).toThrow(ConfigError)
    await passing
    expect(desk.gate.token(key)?.subject).toBe('user-42')
  })
})

describe('the token of a request', () => {
  test('is there once all guards so far let it through', async () => {
    const desk = open()
    const key = {}
    await desk.pass(key, orders(desk.guards), bearer(good))
    expect(desk.gate.token(key)).toMatchObject({ subject: 'user-42' })
    await desk.pass(key, desk.guards.requireScope('x'), bearer(good))
    expect(() => desk.gate.token(key)).toThrow('This request was refused.')
  })

  test('is not there without a guard', () => {
    expect(() => open().gate.token({})).toThrow(/No guard ran on this request.*requireAudience/)
  })

  test("is the request's own: another request of the same caller has none", async () => {
    const desk = open()
    await desk.pass({}, orders(desk.guards), bearer(good))
    expect(() => desk.gate.token({})).toThrow(ConfigError)
  })

  test("is the instance's own: another instance knows nothing of it", async () => {
    const [one, two] = [open(), open()]
    const key = {}
    await one.pass(key, orders(one.guards), bearer(good))
    expect(() => two.gate.token(key)).toThrow(ConfigError)
  })

  test('is not what somebody wrote to the request', async () => {
    const desk = open({ audience: aud })
    const auth = { subject: 'admin', scopes: ['admin'], audience: [aud] }
    const key = { auth, token: auth, user: auth }
    expect(statusOf(await desk.pass(key, desk.guards.requireScope('admin'), bearer(good)))).toBe(
      403,
    )
    expect(statusOf(await desk.pass({ auth }, anybody(desk.guards)))).toBe(401)
  })

  test('is of the headers as they were when the first guard came', async () => {
    const desk = open()
    const key = {}
    await desk.pass(key, orders(desk.guards), bearer(good))
    const admin = issuer.token({ aud, sub: 'admin', scope: 'x' })
    await desk.pass(key, anybody(desk.guards), bearer(admin))
    expect(desk.gate.token(key)?.subject).toBe('user-42')
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

  const send = async (desk: Desk, request: Partial<HttpRequest> = {}, key = {}) =>
    statusOf(await desk.gate.pass(key, { ...preflight, ...request }, orders(desk.guards)))

  test('needs a token like any request', async () => {
    expect(await send(open())).toBe(401)
  })

  test('passes where the user says so', async () => {
    expect(await send(open({ allowPreflight: true }))).toBe('proceed')
  })

  test('is none without its headers or with another method', async () => {
    const desk = open({ allowPreflight: true })
    expect(await send(desk, { headers: [] })).toBe(401)
    expect(await send(desk, { headers: [preflight.headers[0]] })).toBe(401)
    expect(await send(desk, { headers: [preflight.headers[1]] })).toBe(401)
    expect(await send(desk, { method: 'GET' })).toBe(401)
  })

  test('has no token, and leaves no record', async () => {
    const desk = open({ allowPreflight: true })
    const key = {}
    await send(desk, {}, key)
    await desk.settle(key)
    expect(() => desk.gate.token(key)).toThrow('This request is a CORS preflight and has no token.')
    expect(desk.records).toEqual([])
  })

  test('does not wash off a refusal, and buys nothing for the request that it becomes', async () => {
    const desk = open({ allowPreflight: true })
    const refused = {}
    expect(await send(desk, { method: 'GET' }, refused)).toBe(401)
    expect(await send(desk, {}, refused)).toBe(401)
    const overridden = {}
    expect(await send(desk, {}, overridden)).toBe('proceed')
    expect(await send(desk, { method: 'PUT' }, overridden)).toBe(401)
  })
})

describe('what a guard throws', () => {
  test.each([undefined, null, 0, '', 'route', { status: 200 }])(
    'is an Error to the host: %j',
    async (odd) => {
      const desk = open({ audience: aud })
      const guard = desk.guards.requirePolicy(() => {
        throw odd
      })
      const thrown: unknown = await desk
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
    const desk = open({ audience: aud })
    const key = {}
    const fault = new Error('the database is away')
    const guard = desk.guards.requirePolicy(() => Promise.reject(fault))
    await expect(desk.pass(key, guard, bearer(good))).rejects.toBe(fault)
    expect(statusOf(await desk.pass(key, anybody(desk.guards), bearer(good)))).toBe(503)
    expect(desk.records).toMatchObject([{ outcome: 'unavailable', code: 'verification_failed' }])
    expect(JSON.stringify(desk.records)).not.toContain('database')
  })
})

test('with onRefusal: throw the host gets an error with status and headers', async () => {
  const desk = open({ onRefusal: 'throw' })
  const result = await desk.pass({}, orders(desk.guards))
  expect(result).toMatchObject({
    action: 'throw',
    error: {
      status: 401,
      code: 'credential_missing',
      headers: { 'WWW-Authenticate': 'Bearer realm="api"' },
    },
  })
})
