import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createGate, type Guard, type HttpRequest } from '../../src/adapter.ts'
import { identifyDecision } from '../../src/verify/client.ts'
import {
  type Code,
  codes,
  ConfigError,
  createVerifier,
  type DecisionRecord,
  type Guards,
  pseudonymize,
  type ResourceServerOptions,
} from '../../src/index.ts'
import {
  responseSent,
  aud,
  bearer,
  createGateHarness,
  optionsFor,
  startIssuer,
} from '../support.ts'

const issuer = await startIssuer()
const options = optionsFor(issuer)
const valid = issuer.token({ aud, scope: 'orders:read', actors: ['order-service', 'user-service'] })

const schema = JSON.parse(
  readFileSync(new URL('../../schema/decision-record.json', import.meta.url), 'utf8'),
) as object

/** The published schema, but strict: it refuses members that it does not define. */
const strictSchema = JSON.parse(JSON.stringify(schema), (_key, value: unknown) =>
  isObjectSchema(value) ? { ...value, additionalProperties: false } : value,
) as object

function isObjectSchema(value: unknown): value is object {
  const { type, properties } = (value ?? {}) as { type?: unknown; properties?: unknown }
  return type === 'object' && properties !== undefined
}

const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(strictSchema)

/** The record of one request that runs these guards. Checks it against the schema. */
async function recordOf(
  token: string | undefined,
  choose: (guards: Guards<Guard>) => readonly Guard[],
  more: Partial<ResourceServerOptions> = {},
): Promise<DecisionRecord> {
  const { gate, guards, pass, records } = createGateHarness({ ...options, ...more })
  const key = {}
  for (const guard of choose(guards)) await pass(key, guard, token ? bearer(token) : [])
  gate.recordDecision(key)
  expect(records).toHaveLength(1)
  const record = records.at(0)
  validate(record)
  expect(validate.errors).toBe(null)
  return record as DecisionRecord
}

describe('a decision record', () => {
  test('of a granted request has the requirements, the identity of the token and the durations', async () => {
    const record = await recordOf(valid, (guards) => [
      guards.requireAudience([aud, 'orders']),
      guards.requireScope('orders:read'),
      guards.requireActor('order-service'),
    ])
    const orderService = { issuer: issuer.url, subject: 'order-service' }
    const userService = { issuer: issuer.url, subject: 'user-service' }
    const { claims } = (await createVerifier(options).verify(valid)) as { claims: { jti: string } }
    expect(record).toEqual({
      version: 1,
      time: new Date(issuer.clock.now()).toISOString(),
      outcome: 'granted',
      guard: 'requireActor',
      checks: [
        { guard: 'requireAudience(order-service, orders)', passed: true },
        { guard: 'requireScope(orders:read)', passed: true },
        { guard: 'requireActor', passed: true },
      ],
      request: { method: 'GET', path: '/orders' },
      durationMs: 0,
      verificationMs: 0,
      requiredAudience: [aud, 'orders'],
      requiredScopes: ['orders:read'],
      issuer: issuer.url,
      subject: 'user-42',
      clientId: 'order-service',
      actor: orderService,
      chain: { actors: [orderService, userService], depth: 2, truncated: false },
      cached: false,
      audience: [aud],
      scopes: ['orders:read'],
      kid: expect.any(String),
      alg: 'ES256',
      jti: claims.jti,
    })
    expect(Object.isFrozen(record)).toBe(true)
  })

  test('of a request that a later guard refused is a single refusal with both checks', async () => {
    const record = await recordOf(valid, (guards) => [
      guards.requireAudience(aud),
      guards.requireScope('orders:write', 'orders:read'),
    ])
    expect(record).toMatchObject({
      outcome: 'refused',
      code: 'scope_insufficient',
      reason: 'the token lacks orders:write; it has orders:read',
      guard: 'requireScope(orders:write, orders:read)',
      checks: [{ passed: true }, { passed: false }],
      requiredScopes: ['orders:write', 'orders:read'],
      scopes: ['orders:read'],
    })
  })

  test('of a token that was refused because of its claims has its subject and actors', async () => {
    const record = await recordOf(
      issuer.token({ aud: 'user-service', actors: ['web-shop'], scope: 'a b', clientId: 'shop' }),
      (guards) => [guards.requireAuthentication()],
    )
    expect(record).toMatchObject({
      code: 'audience_mismatch',
      requiredAudience: [aud],
      audience: ['user-service'],
      subject: 'user-42',
      clientId: 'shop',
      scopes: ['a', 'b'],
      actor: { subject: 'web-shop' },
      alg: 'ES256',
    })
  })

  test('of a cached token differs only in the member cached', async () => {
    const { gate, guards, pass, records } = createGateHarness(options)
    for (const key of [{}, {}, {}]) {
      await pass(key, guards.requireAuthentication(), bearer(valid))
      gate.recordDecision(key)
    }
    expect(records.map(({ cached }) => cached)).toEqual([false, false, true])
    expect(records[2]).toEqual({ ...records[0], cached: true })
  })

  test('has an id if another record of the same request refers to it', async () => {
    const { gate, guards, pass, records } = createGateHarness(options)
    const [first, second] = [{}, {}]
    for (const key of [first, second]) {
      await pass(key, guards.requireAuthentication(), bearer(valid))
    }
    const id = identifyDecision(gate.token(first)!)
    for (const key of [first, second]) gate.recordDecision(key)
    expect(records).toMatchObject([{ id }, {}])
    expect(records[1]).not.toHaveProperty('id')
    expect(records.every((record) => validate(record))).toBe(true)
  })

  test('of a cached token that has expired still has its actors', async () => {
    await using own = await startIssuer()
    const { guards, pass, records } = createGateHarness(optionsFor(own))
    const token = own.token({ aud, actors: ['a', 'b'], expiresIn: 10 })
    for (const key of [{}, {}]) await pass(key, guards.requireAuthentication(), bearer(token))
    own.clock.advance(60)
    await pass({}, guards.requireAuthentication(), bearer(token))
    expect(records).toMatchObject([{ code: 'token_expired', cached: true, chain: { depth: 2 } }])
  })

  test('of a refused actor chain has the actors before the problem', async () => {
    const act = (inner?: unknown): object => ({
      sub: 'a',
      ...(inner !== undefined && { act: inner }),
    })
    const record = (claims: Record<string, unknown>, more = {}): Promise<DecisionRecord> =>
      recordOf(issuer.token({ aud, claims }), (guards) => [guards.requireAuthentication()], more)
    const tooDeep = await record({ act: act(act(act())) }, { maxActorDepth: 2 })
    expect(tooDeep.code).toBe('actor_chain_too_long')
    expect(tooDeep.chain).toMatchObject({ actors: [{}, {}], depth: 3, truncated: true })
    const malformed = await record({ act: act('x') })
    expect(malformed.code).toBe('actor_malformed')
    expect(malformed.chain).toMatchObject({ actors: [{ subject: 'a' }], depth: 2, truncated: true })
  })

  test.each<readonly [string, Record<string, unknown>, readonly string[] | undefined]>([
    ['no anomaly for different actors', { act: { sub: 'a', act: { sub: 'b' } } }, undefined],
    [
      'actor_repeated for an actor that occurs twice',
      { act: { sub: 'a', act: { sub: 'b', act: { sub: 'a' } } } },
      ['actor_repeated'],
    ],
    [
      'no anomaly for the same subject at two issuers',
      { act: { sub: 'a', act: { sub: 'a', iss: 'https://x.example' } } },
      undefined,
    ],
    [
      'actor_is_subject for an actor that is the subject',
      { act: { sub: 'user-42' } },
      ['actor_is_subject'],
    ],
    [
      'actor_claims_ignored for exp in a prior actor',
      { act: { sub: 'a', act: { sub: 'b', exp: 1 } } },
      ['actor_claims_ignored'],
    ],
    [
      'scopes_differ for scope and scp',
      { scope: 'a', scp: ['b'], act: { sub: 'a' } },
      ['scopes_differ'],
    ],
    [
      'actor_claims_ignored for cnf in act',
      { act: { sub: 'a', cnf: {} } },
      ['actor_claims_ignored'],
    ],
  ])('has %s', async (_what, claims, anomalies) => {
    const record = await recordOf(issuer.token({ aud, claims }), (guards) => [
      guards.requireDelegated(),
    ])
    expect(record.outcome).toBe('granted')
    expect(record.anomalies).toEqual(anomalies)
  })

  test('of a token with an invalid signature has none of its claims', async () => {
    const forged = `${valid.slice(0, -9)}AAAAAAAAA`
    const record = await recordOf(forged, (guards) => [guards.requireAuthentication()])
    expect(record).toMatchObject({
      code: 'signature_invalid',
      tokenSha256: createHash('sha256').update(forged).digest('base64url'),
      unverified: { issuer: issuer.url, alg: 'ES256' },
    })
    for (const name of ['subject', 'issuer', 'clientId', 'actor', 'chain', 'jti', 'scopes', 'kid'])
      expect(record).not.toHaveProperty(name)
  })

  test('of a credential that is not a token has no hash of it, because it may be a password', async () => {
    const record = await recordOf('hunter2', (guards) => [guards.requireAuthentication()])
    expect(record.code).toBe('token_malformed')
    expect(record).not.toHaveProperty('tokenSha256')
    expect(JSON.stringify(record)).not.toContain('hunter2')
  })

  test('has the hash of a token without jti', async () => {
    const token = issuer.token({ aud, claims: { jti: undefined } })
    const record = await recordOf(token, (guards) => [guards.requireAuthentication()])
    expect(record.tokenSha256).toBe(createHash('sha256').update(token).digest('base64url'))
    expect(record).not.toHaveProperty('jti')
  })

  test('has the outcome of unavailable keys, an anonymous request and a guard that throws', async () => {
    await using down = await startIssuer()
    down.stop()
    const unavailable = await recordOf(
      down.token({ aud }),
      (guards) => [guards.requireAuthentication()],
      {
        issuer: down.url,
      },
    )
    expect(unavailable).toMatchObject({ outcome: 'unavailable', code: 'keys_unavailable' })
    const anonymous = await recordOf(undefined, (guards) => [guards.requireAudience(aud)], {
      optional: true,
    })
    expect(anonymous).toMatchObject({ outcome: 'granted', requiredAudience: [aud] })

    const { guards, pass, records } = createGateHarness(options)
    const throwing = guards.requirePolicy(() => {
      throw new Error('the database is down')
    })
    await expect(pass({}, throwing, bearer(valid))).rejects.toThrow('the database is down')
    await responseSent()
    expect(records).toMatchObject([
      { outcome: 'unavailable', code: 'verification_failed', guard: 'requirePolicy' },
    ])
    expect(validate(records[0])).toBe(true)
  })

  test('has the route that the host knows when the record is built', async () => {
    const records: DecisionRecord[] = []
    const gate = createGate({ ...options, onDecision: (record) => records.push(record) })
    const { guard } = gate.guards((made) => ({ guard: made })).requireAuthentication()
    let route: string | undefined
    const requestWith = async (token: string): Promise<void> => {
      const key = {}
      const request = {
        method: 'GET',
        url: '/orders/1?a=b',
        headers: bearer(token),
        route: () => route,
      }
      await gate.pass(key, request, guard)
      route = '/orders/:id'
      await responseSent()
      gate.recordDecision(key)
      route = undefined
    }
    await requestWith(valid)
    await requestWith('x')
    expect(records.map(({ request }) => request)).toEqual([
      { method: 'GET', path: '/orders/1', route: '/orders/:id' },
      { method: 'GET', path: '/orders/1', route: '/orders/:id' },
    ])
  })

  test('of a verifier has no request', async () => {
    const records: DecisionRecord[] = []
    const verifier = createVerifier({ ...options, onDecision: (record) => records.push(record) })
    await verifier.check(valid)
    await verifier.check(issuer.forge.expired({ aud }))
    await responseSent()
    expect(records).toMatchObject([
      { outcome: 'granted', checks: [], requiredAudience: [aud], verificationMs: 0 },
      { outcome: 'refused', code: 'token_expired', subject: 'user-42' },
    ])
    expect(records.every((record) => validate(record))).toBe(true)
  })
})

describe('the JSON schema of decision records', () => {
  // Does not compile if a name is missing or unknown.
  const members: Readonly<Record<keyof DecisionRecord, true>> = {
    version: true,
    time: true,
    outcome: true,
    code: true,
    reason: true,
    claim: true,
    guard: true,
    checks: true,
    request: true,
    durationMs: true,
    verificationMs: true,
    cached: true,
    requiredAudience: true,
    requiredScopes: true,
    subject: true,
    issuer: true,
    id: true,
    clientId: true,
    actor: true,
    chain: true,
    audience: true,
    scopes: true,
    kid: true,
    alg: true,
    jti: true,
    tokenSha256: true,
    anomalies: true,
    binding: true,
    revocations: true,
    introspection: true,
    claims: true,
    unverified: true,
    lost: true,
  }
  const { properties } = schema as { properties: { code: { enum: Code[] } } }

  test('has every member of DecisionRecord and every code', () => {
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(members).toSorted())
    expect(properties.code.enum).toEqual(Object.keys(codes))
  })

  test.each<readonly [string, object]>([
    ['a record of another version', { version: 2 }],
    ['a granted record with a code', { code: 'token_expired', reason: 'x' }],
    ['a granted record with a claim at fault', { claim: 'exp' }],
    ['a refused record without a code', { outcome: 'refused' }],
    ['a record with a token', { token: valid }],
    ['a record whose time is not a date', { time: 'today' }],
    ['a record whose actor has no issuer', { actor: { subject: 'a' } }],
  ])('refuses %s', async (_what, change) => {
    const record = await recordOf(valid, (guards) => [guards.requireAuthentication()])
    expect(validate({ ...record, ...change })).toBe(false)
  })
})

describe('the records option', () => {
  const key = 'a key of thirty-two bytes or more'
  const pseudonymOf = (subject: string): string => pseudonymize(key, subject)
  const act = { sub: 'agent-7', act: { sub: 'order-service', client_id: 'order-service' } }
  const token = issuer.token({ aud, claims: { act, tenant: 'acme', email: 'user@example.com' } })

  test('pseudonymKey replaces names that may be of people, even in the reason, and removes the path', async () => {
    const record = await recordOf(token, (guards) => [guards.requireActor('user-service')], {
      records: { pseudonymKey: key },
    })
    expect(record).toMatchObject({
      subject: pseudonymOf('user-42'),
      actor: { subject: pseudonymOf('agent-7') },
      chain: { actors: [{ subject: pseudonymOf('agent-7') }, { subject: 'order-service' }] },
      request: { method: 'GET' },
      code: 'actor_not_allowed',
    })
    expect(record.reason).toContain(pseudonymOf('agent-7'))
    expect(record.request).not.toHaveProperty('path')
    expect(JSON.stringify(record)).not.toMatch(/user-42|agent-7/)
  })

  test('pseudonymKey gives a subject the same pseudonym only under the same key', () => {
    expect(pseudonymOf('user-42')).toMatch(/^hmac-sha256:[\w-]{43}$/)
    expect(pseudonymOf('user-42')).toBe(pseudonymize(new TextEncoder().encode(key), 'user-42'))
    expect(pseudonymOf('user-42')).not.toBe(pseudonymOf('user-43'))
    expect(pseudonymOf('user-42')).not.toBe(
      pseudonymize('another key of thirty-two bytes!', 'user-42'),
    )
  })

  test('claims adds only the listed claims to records', async () => {
    const authenticate = (guards: Guards<Guard>): Guard[] => [guards.requireAuthentication()]
    const claims = ['tenant', 'absent']
    expect(await recordOf(token, authenticate)).not.toHaveProperty('claims')
    const record = await recordOf(token, authenticate, { records: { claims } })
    expect(record.claims).toEqual({ tenant: 'acme' })
    const refused = issuer.token({ aud: 'another', claims: { tenant: 'acme' } })
    expect(await recordOf(refused, authenticate, { records: { claims } })).toMatchObject({
      code: 'audience_mismatch',
      claims: { tenant: 'acme' },
    })
  })

  test.each<readonly [string, unknown]>([
    ['a pseudonymKey that is too short', { pseudonymKey: 'short' }],
    ['a pseudonymKey that is undefined', { pseudonymKey: undefined }],
    ['a pseudonymKey that is a number', { pseudonymKey: 1 }],
    ['claims that are not a list', { claims: 'tenant' }],
    ['claims with an empty name', { claims: [''] }],
    ['claims with act', { claims: ['act'] }],
    ['an unknown member', { subjectkey: key }],
    ['a maxPending of 0', { maxPending: 0 }],
    ['a maxPending of 1.5', { maxPending: 1.5 }],
    ['a list', []],
  ])('throws a ConfigError for %s', (_what, records) => {
    expect(() => createGateHarness({ ...options, records: records as object })).toThrow(ConfigError)
  })
})

describe('without a listener', () => {
  /** A request that adds the names of its members to `read` when they are read. */
  const watchedRequest = (token: string, read: string[]): HttpRequest => ({
    method: 'GET',
    headers: bearer(token),
    get url() {
      read.push('url')
      return '/'
    },
    route: () => {
      read.push('route')
      return '/'
    },
  })

  /** The members of a request and the clock readings that a cached verification uses. */
  const readsOf = async (token: string, more: Partial<ResourceServerOptions>) => {
    const read: string[] = []
    const clock = {
      now: () => (read.push('now'), issuer.clock.now()),
      monotonic: () => (read.push('monotonic'), issuer.clock.monotonic()),
    }
    const gate = createGate({ ...options, clock, ...more })
    const { guard } = gate.guards((made) => ({ guard: made })).requireScope('orders:read')
    const key = {}
    await gate.pass({}, watchedRequest(token, []), guard)
    await responseSent()
    read.length = 0
    await gate.pass(key, watchedRequest(token, read), guard)
    await responseSent()
    gate.recordDecision(key)
    return read
  }

  test.each([
    ['granted', valid],
    ['refused', issuer.token({ aud })],
  ])('no record is built and no duration is measured: %s', async (_what, token) => {
    const without = await readsOf(token, {})
    const withListener = await readsOf(token, { onDecision: () => {} })
    expect(withListener).toEqual(expect.arrayContaining(['url', 'route']))
    // The remaining clock readings are those that the verification itself needs.
    expect(without).not.toEqual(expect.arrayContaining(['url']))
    expect(without).not.toEqual(expect.arrayContaining(['route']))
    const readings = (read: string[]): number => read.filter((part) => part === 'monotonic').length
    expect(readings(withListener) - readings(without)).toBe(5)
  })

  test('a subscriber to the diagnostics channel counts as a listener', async () => {
    const records: unknown[] = []
    const listener = (record: unknown): void => void records.push(record)
    subscribe('resource-server:decision', listener)
    onTestFinished(() => void unsubscribe('resource-server:decision', listener))
    expect(await readsOf(valid, {})).toContain('url')
    expect(records.at(-1)).toMatchObject({ version: 1, outcome: 'granted', subject: 'user-42' })
  })
})
