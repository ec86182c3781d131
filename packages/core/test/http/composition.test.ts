import { describe, expect, test } from 'vitest'
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

// How the guards of one request add up.

const issuer = await startIssuer()
const { url, clock } = issuer
const good = issuer.token({ aud, scope: 'orders:read' })
const both = issuer.token({ aud: [aud, 'stock'], scope: 'orders:read' })

const open = (options: Partial<ResourceServerOptions> = {}): GateHarness =>
  createGateHarness({ issuer: url, clock, ...options })
const orders: MakeGuard = (g) => g.requireAudience(aud)
const stock: MakeGuard = (g) => g.requireAudience('stock')
const onlyOrders: MakeGuard = (g) => g.requireAudience({ only: aud })
const scope: MakeGuard = (g) => g.requireScope('orders:read')
const anybody: MakeGuard = (g) => g.requireAuthentication()

describe('guards in a row', () => {
  type Row = readonly [
    what: string,
    audience: string | undefined,
    makes: readonly MakeGuard[],
    token: string,
    end: number | string,
  ]
  const rows: readonly Row[] = [
    ['an audience, then a scope', undefined, [orders, scope], good, 'proceed'],
    ['an audience that is not met', undefined, [stock, scope], good, 401],
    ['an audience that replaces the configured one', 'stock', [orders], good, 'proceed'],
    ['an audience that replaces one the token would meet', aud, [stock], good, 401],
    ['a second audience that holds as well', undefined, [orders, stock], both, 'proceed'],
    ['a second audience that does not hold', undefined, [orders, stock], good, 401],
    ['a first audience that does not hold', undefined, [stock, orders], good, 401],
    ['a second audience that is stricter', undefined, [orders, onlyOrders], both, 401],
    ['a scope first, for the configured audience', aud, [scope], good, 'proceed'],
    ['a scope first, for a configured audience that is not met', 'stock', [scope], good, 401],
    ['a scope first and an audience later, both met', aud, [scope, stock], both, 'proceed'],
    ['a scope first and an audience later that is not met', aud, [scope, stock], good, 401],
    ['an audience later does not replace the configured one', 'stock', [scope, orders], good, 401],
    ['a refusal in the middle', undefined, [orders, (g) => g.requireScope('x'), scope], good, 403],
  ]

  test.each(rows)('%s', async (_what, audience, makes, token, end) => {
    const harness = open(audience === undefined ? {} : { audience })
    expect(await runGuards(harness, makes, token)).toBe(end)
  })

  test('verify the token once', async () => {
    const reads: string[] = []
    const counted = { ...clock, now: () => (reads.push('now'), clock.now()) }
    const harness = createGateHarness({ issuer: url, clock: counted, onDecision: () => {} })
    await runGuards(harness, [orders], good)
    const once = reads.length
    await runGuards(harness, [orders, scope, anybody, scope], good)
    expect(reads.length).toBe(2 * once)
  })

  test('refuse for good: no later guard takes it back, nor does a way around the host', async () => {
    const harness = open()
    const key = {}
    const pass = async (make: MakeGuard) =>
      statusOf(await harness.pass(key, make(harness.guards), bearer(good)))
    expect(await pass(stock)).toBe(401)
    expect(await pass(orders)).toBe(401)
    expect(await pass((g) => g.requirePolicy(() => true))).toBe(401)
    expect(() => harness.gate.token(key)).toThrow(ConfigError)
    expect(harness.records).toHaveLength(1)
  })
})

describe('where no audience is known', () => {
  const makes: readonly (readonly [string, MakeGuard])[] = [
    ['requireScope', scope],
    ['requireAnyScope', (g) => g.requireAnyScope('orders:read')],
    ['requireAuthentication', anybody],
    ['requireDirect', (g) => g.requireDirect()],
    ['requireClaim', (g) => g.requireClaim('iss')],
    ['requirePolicy', (g) => g.requirePolicy(() => true)],
    ['requireStepUp', (g) => g.requireStepUp({ maxAge: 1 })],
    ['requireClient', (g) => g.requireClient('test-client')],
    ['requireActor', (g) => g.requireActor(() => true)],
  ]

  test.each(makes)("%s is an error for the host's 500 and the log", async (_name, make) => {
    const harness = open()
    const key = {}
    const passing = harness.pass(key, make(harness.guards), bearer(good))
    await expect(passing).rejects.toThrow(ConfigError)
    await expect(passing).rejects.toThrow(
      /No audience is configured for .*requireAudience\('order-service'\) run first/,
    )
    expect(() => harness.gate.token(key)).toThrow(ConfigError)
    expect(harness.records).toMatchObject([{ outcome: 'unavailable' }])
  })

  test.each(makes)('%s stays refused when an audience comes too late', async (_name, make) => {
    const harness = open()
    const key = {}
    await harness.pass(key, make(harness.guards), bearer(good)).catch(() => {})
    expect(statusOf(await harness.pass(key, orders(harness.guards), bearer(good)))).toBe(503)
  })

  test.each(makes)(
    '%s, with optional: true, does not let the anonymous in',
    async (_name, make) => {
      expect(await runGuards(open({ optional: true }), [make])).toBe(401)
    },
  )

  test('for one issuer of two, none passes', async () => {
    await using other = await startIssuer({ clock })
    const harness = createGateHarness({
      issuers: [{ issuer: url, audience: aud }, other.url],
      clock,
    })
    await expect(runGuards(harness, [scope], good)).rejects.toThrow(ConfigError)
    expect(await runGuards(harness, [orders, scope], good)).toBe('proceed')
  })
})

describe('an anonymous request', () => {
  const guards: readonly (readonly [string, MakeGuard])[] = [
    ['requireAuthentication', anybody],
    ['requireScope', scope],
    ['requireAnyScope', (g) => g.requireAnyScope('a')],
    ['requireActor', (g) => g.requireActor(() => true)],
    ['requireDirect', (g) => g.requireDirect()],
    ['requireDelegated', (g) => g.requireDelegated()],
    ['requireClient', (g) => g.requireClient('a')],
    ['requireClaim', (g) => g.requireClaim('a')],
    ['requirePolicy', (g) => g.requirePolicy(() => true)],
    ['requireStepUp', (g) => g.requireStepUp({ acr: 'a' })],
  ]

  test.each(guards)('is refused by %s also where it is allowed', async (_name, make) => {
    const harness = open({ audience: aud, optional: true })
    expect(await runGuards(harness, [orders, make])).toBe(401)
    expect(await runGuards(harness, [make])).toBe(401)
  })

  test('passes requireAudience where it is allowed, and nowhere else', async () => {
    expect(await runGuards(open({ optional: true }), [orders, stock])).toBe('proceed')
    expect(await runGuards(open(), [orders])).toBe(401)
  })

  test('has no token, and says so without throwing', async () => {
    const harness = open({ optional: true })
    const key = {}
    await harness.pass(key, orders(harness.guards))
    expect(harness.gate.token(key)).toBeUndefined()
  })

  test.each([
    ['expired', issuer.forge.expired({ aud })],
    ['forged', issuer.forge.tampered({ aud })],
    ["another's", issuer.token({ aud: 'stock' })],
    ['garbage', 'garbage'],
  ])('is not what a bad token makes: %s', async (_what, token) => {
    expect(await runGuards(open({ optional: true }), [orders], token)).toBe(401)
  })
})
