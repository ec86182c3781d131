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

// How the guards of one request combine.

const issuer = await startIssuer()
const { url, clock } = issuer
const good = issuer.token({ aud, scope: 'orders:read' })
const both = issuer.token({ aud: [aud, 'stock'], scope: 'orders:read' })

const harnessWith = (options: Partial<ResourceServerOptions> = {}): GateHarness =>
  createGateHarness({ issuer: url, clock, ...options })
const orders: MakeGuard = (g) => g.requireAudience(aud)
const stock: MakeGuard = (g) => g.requireAudience('stock')
const onlyOrders: MakeGuard = (g) => g.requireAudience({ only: aud })
const scope: MakeGuard = (g) => g.requireScope('orders:read')
const authenticated: MakeGuard = (g) => g.requireAuthentication()

describe('a route with', () => {
  type Row = readonly [
    what: string,
    audience: string | undefined,
    route: readonly MakeGuard[],
    token: string,
    result: number | string,
  ]
  const rows: readonly Row[] = [
    ['an audience, then a scope', undefined, [orders, scope], good, 'proceed'],
    ['an audience that the token does not name', undefined, [stock, scope], good, 401],
    ['an audience first, which replaces the configured one', 'stock', [orders], good, 'proceed'],
    [
      'an audience first, which replaces a configured one that the token names',
      aud,
      [stock],
      good,
      401,
    ],
    ['a second audience that the token names too', undefined, [orders, stock], both, 'proceed'],
    ['a second audience that the token does not name', undefined, [orders, stock], good, 401],
    ['a first audience that the token does not name', undefined, [stock, orders], good, 401],
    ['a second audience that is stricter', undefined, [orders, onlyOrders], both, 401],
    ['a scope first, for the configured audience', aud, [scope], good, 'proceed'],
    [
      'a scope first, for a configured audience that the token does not name',
      'stock',
      [scope],
      good,
      401,
    ],
    ['a scope, then an audience that the token names', aud, [scope, stock], both, 'proceed'],
    ['a scope, then an audience that the token does not name', aud, [scope, stock], good, 401],
    [
      'an audience later, which does not replace the configured one',
      'stock',
      [scope, orders],
      good,
      401,
    ],
    [
      'a guard in the middle that refuses',
      undefined,
      [orders, (g) => g.requireScope('x'), scope],
      good,
      403,
    ],
  ]

  test.each(rows)('%s results in $4', async (_what, audience, route, token, result) => {
    const harness = harnessWith(audience === undefined ? {} : { audience })
    expect(await runGuards(harness, route, token)).toBe(result)
  })

  test('several guards verifies the token once', async () => {
    const reads: string[] = []
    const counted = { ...clock, now: () => (reads.push('now'), clock.now()) }
    const harness = createGateHarness({ issuer: url, clock: counted, onDecision: () => {} })
    await runGuards(harness, [orders], good)
    const once = reads.length
    await runGuards(harness, [orders, scope, authenticated, scope], good)
    expect(reads.length).toBe(2 * once)
  })

  test('a refusal refuses the request for all later guards', async () => {
    const harness = harnessWith()
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

describe('without any audience', () => {
  const guards: readonly (readonly [string, MakeGuard])[] = [
    ['requireScope', scope],
    ['requireAnyScope', (g) => g.requireAnyScope('orders:read')],
    ['requireAuthentication', authenticated],
    ['requireDirect', (g) => g.requireDirect()],
    ['requireClaim', (g) => g.requireClaim('iss')],
    ['requirePolicy', (g) => g.requirePolicy(() => true)],
    ['requireStepUp', (g) => g.requireStepUp({ maxAge: 1 })],
    ['requireClient', (g) => g.requireClient('test-client')],
    ['requireActor', (g) => g.requireActor(() => true)],
  ]

  test.each(guards)(
    '%s as the first guard is a ConfigError, recorded as unavailable',
    async (_name, make) => {
      const harness = harnessWith()
      const key = {}
      const passing = harness.pass(key, make(harness.guards), bearer(good))
      await expect(passing).rejects.toThrow(ConfigError)
      await expect(passing).rejects.toThrow(
        /No audience is configured for .*requireAudience\('order-service'\) run first/,
      )
      expect(() => harness.gate.token(key)).toThrow(ConfigError)
      expect(harness.records).toMatchObject([{ outcome: 'unavailable' }])
    },
  )

  test.each(guards)(
    '%s as the first guard refuses the request for a later requireAudience',
    async (_name, make) => {
      const harness = harnessWith()
      const key = {}
      await harness.pass(key, make(harness.guards), bearer(good)).catch(() => {})
      expect(statusOf(await harness.pass(key, orders(harness.guards), bearer(good)))).toBe(503)
    },
  )

  test.each(guards)('%s with optional: true refuses an anonymous request', async (_name, make) => {
    expect(await runGuards(harnessWith({ optional: true }), [make])).toBe(401)
  })

  test('for one of two issuers, tokens of both need requireAudience', async () => {
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
    ['requireAuthentication', authenticated],
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

  test.each(guards)('is refused by %s, even with optional: true', async (_name, make) => {
    const harness = harnessWith({ audience: aud, optional: true })
    expect(await runGuards(harness, [orders, make])).toBe(401)
    expect(await runGuards(harness, [make])).toBe(401)
  })

  test('passes requireAudience only with optional: true', async () => {
    expect(await runGuards(harnessWith({ optional: true }), [orders, stock])).toBe('proceed')
    expect(await runGuards(harnessWith(), [orders])).toBe(401)
  })

  test('has undefined as its token', async () => {
    const harness = harnessWith({ optional: true })
    const key = {}
    await harness.pass(key, orders(harness.guards))
    expect(harness.gate.token(key)).toBeUndefined()
  })

  test('may have a credential of another scheme only with ignoreOtherSchemes', async () => {
    const codes = async (ignoreOtherSchemes: boolean, credential: string, make: MakeGuard) => {
      const harness = harnessWith({ audience: aud, optional: true, ignoreOtherSchemes })
      const key = {}
      await harness.pass(key, make(harness.guards), [['Authorization', credential]])
      await harness.settle(key)
      return harness.records.map(({ outcome, code }) => code ?? outcome)
    }
    expect(await codes(true, 'Basic YTpi', orders)).toEqual(['granted'])
    expect(await codes(true, 'Basic YTpi', scope)).toEqual(['credential_scheme_unsupported'])
    expect(await codes(true, 'Bearer', orders)).toEqual(['credential_malformed'])
    expect(await codes(false, 'Basic YTpi', orders)).toEqual(['credential_scheme_unsupported'])
  })

  test.each([
    ['expired', issuer.forge.expired({ aud })],
    ['forged', issuer.forge.tampered({ aud })],
    ['for another service', issuer.token({ aud: 'stock' })],
    ['malformed', 'garbage'],
  ])('differs from one with a token that is %s, which gets 401', async (_what, token) => {
    expect(await runGuards(harnessWith({ optional: true }), [orders], token)).toBe(401)
  })
})
