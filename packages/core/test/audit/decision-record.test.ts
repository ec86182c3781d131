import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createGate, type Guard, type HttpRequest } from '../../src/adapter.ts'
import {
  type Code,
  codes,
  ConfigError,
  createVerifier,
  type DecisionRecord,
  pseudonymize,
  type ResourceServerOptions,
} from '../../src/index.ts'
import { answered, aud, bearer, openDesk, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const options = optionsFor(issuer)
const good = issuer.token({ aud, scope: 'orders:read', actors: ['order-service', 'user-service'] })

const schema = JSON.parse(
  readFileSync(new URL('../../schema/decision-record.json', import.meta.url), 'utf8'),
) as object

/** As shipped, but closed: a member that the schema does not know is a member that it forgot. */
const closed = JSON.parse(JSON.stringify(schema), (_key, value: unknown) =>
  isObjectSchema(value) ? { ...value, additionalProperties: false } : value,
) as object

function isObjectSchema(value: unknown): value is object {
  const { type, properties } = (value ?? {}) as { type?: unknown; properties?: unknown }
  return type === 'object' && properties !== undefined
}

const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(closed)

/** The record of one request through these guards, as the schema has it. */
async function recordOf(
  token: string | undefined,
  choose: (guards: ReturnType<typeof openDesk>['guards']) => readonly Guard[],
  more: Partial<ResourceServerOptions> = {},
): Promise<DecisionRecord> {
  const desk = openDesk({ ...options, ...more })
  const key = {}
  for (const guard of choose(desk.guards)) await desk.pass(key, guard, token ? bearer(token) : [])
  desk.gate.recordDecision(key)
  expect(desk.records).toHaveLength(1)
  const record = desk.records.at(0)
  validate(record)
  expect(validate.errors).toBe(null)
  return record as DecisionRecord
}

describe('a record', () => {
  test('of a granted request says all that was asked, found and measured', async () => {
    const record = await recordOf(good, (guards) => [
      guards.requireAudience([aud, 'orders']),
      guards.requireScope('orders:read'),
      guards.requireActor('order-service'),
    ])
    const order = { issuer: issuer.url, subject: 'order-service' }
    const user = { issuer: issuer.url, subject: 'user-service' }
    const { claims } = (await createVerifier(options).verify(good)) as { claims: { jti: string } }
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
      actor: order,
      chain: { actors: [order, user], depth: 2, truncated: false },
      cached: false,
      audience: [aud],
      scopes: ['orders:read'],
      kid: expect.any(String),
      alg: 'ES256',
      jti: claims.jti,
    })
    expect(Object.isFrozen(record)).toBe(true)
  })

  test('of a request that a later guard refused is one, and refused', async () => {
    const record = await recordOf(good, (guards) => [
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

  test('of a token that was refused for its claims says whose it was', async () => {
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

  test('says whether the token was remembered, and is the same otherwise', async () => {
    const { gate, guards, pass, records } = openDesk(options)
    for (const key of [{}, {}, {}]) {
      await pass(key, guards.requireAuthentication(), bearer(good))
      gate.recordDecision(key)
    }
    expect(records.map(({ cached }) => cached)).toEqual([false, false, true])
    expect(records[2]).toEqual({ ...records[0], cached: true })
  })

  test('of a remembered token that has expired still says who acts', async () => {
    await using own = await startIssuer()
    const { guards, pass, records } = openDesk(optionsFor(own))
    const token = own.token({ aud, actors: ['a', 'b'], expiresIn: 10 })
    for (const key of [{}, {}]) await pass(key, guards.requireAuthentication(), bearer(token))
    own.clock.advance(60)
    await pass({}, guards.requireAuthentication(), bearer(token))
    expect(records).toMatchObject([{ code: 'token_expired', cached: true, chain: { depth: 2 } }])
  })

  test('of a chain that was refused shows what can be read of it', async () => {
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
    ['nothing odd', { act: { sub: 'a', act: { sub: 'b' } } }, undefined],
    [
      'an actor twice',
      { act: { sub: 'a', act: { sub: 'b', act: { sub: 'a' } } } },
      ['actor_repeated'],
    ],
    [
      'the same name at two issuers',
      { act: { sub: 'a', act: { sub: 'a', iss: 'https://x.example' } } },
      undefined,
    ],
    ['the subject as actor', { act: { sub: 'user-42' } }, ['actor_is_subject']],
    [
      'exp in a prior actor',
      { act: { sub: 'a', act: { sub: 'b', exp: 1 } } },
      ['actor_claims_ignored'],
    ],
    ['a binding in act', { act: { sub: 'a', cnf: {} } }, ['actor_claims_ignored']],
  ])('flags %s', async (_what, claims, anomalies) => {
    const record = await recordOf(issuer.token({ aud, claims }), (guards) => [
      guards.requireDelegated(),
    ])
    expect(record.outcome).toBe('granted')
    expect(record.anomalies).toEqual(anomalies)
  })

  test('of a token whose signature does not hold believes nothing of it', async () => {
    const forged = `${good.slice(0, -9)}AAAAAAAAA`
    const record = await recordOf(forged, (guards) => [guards.requireAuthentication()])
    expect(record).toMatchObject({
      code: 'signature_invalid',
      tokenSha256: createHash('sha256').update(forged).digest('base64url'),
      unverified: { issuer: issuer.url, alg: 'ES256' },
    })
    for (const name of ['subject', 'issuer', 'clientId', 'actor', 'chain', 'jti', 'scopes', 'kid'])
      expect(record).not.toHaveProperty(name)
  })

  test('of what is no token holds not even its hash: it may be a password', async () => {
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

  test('of no verdict, of nobody and of a guard that throws', async () => {
    await using down = await startIssuer()
    down.stop()
    const undecided = await recordOf(
      down.token({ aud }),
      (guards) => [guards.requireAuthentication()],
      {
        issuer: down.url,
      },
    )
    expect(undecided).toMatchObject({ outcome: 'unavailable', code: 'keys_unavailable' })
    const nobody = await recordOf(undefined, (guards) => [guards.requireAudience(aud)], {
      optional: true,
    })
    expect(nobody).toMatchObject({ outcome: 'granted', requiredAudience: [aud] })

    const { guards, pass, records } = openDesk(options)
    const broken = guards.requirePolicy(() => {
      throw new Error('the database is away')
    })
    await expect(pass({}, broken, bearer(good))).rejects.toThrow('the database is away')
    await answered()
    expect(records).toMatchObject([
      { outcome: 'unavailable', code: 'verification_failed', guard: 'requirePolicy' },
    ])
    expect(validate(records[0])).toBe(true)
  })

  test('has the route, asked for when the record is made', async () => {
    const records: DecisionRecord[] = []
    const gate = createGate({ ...options, onDecision: (record) => records.push(record) })
    const { guard } = gate.guards((made) => ({ guard: made })).requireAuthentication()
    let route: string | undefined
    const ask = async (token: string): Promise<void> => {
      const key = {}
      const request = {
        method: 'GET',
        url: '/orders/1?a=b',
        headers: bearer(token),
        route: () => route,
      }
      await gate.pass(key, request, guard)
      route = '/orders/:id'
      await answered()
      gate.recordDecision(key)
      route = undefined
    }
    await ask(good)
    await ask('x')
    expect(records.map(({ request }) => request)).toEqual([
      { method: 'GET', path: '/orders/1', route: '/orders/:id' },
      { method: 'GET', path: '/orders/1', route: '/orders/:id' },
    ])
  })

  test('of a verifier without a request', async () => {
    const records: DecisionRecord[] = []
    const verifier = createVerifier({ ...options, onDecision: (record) => records.push(record) })
    await verifier.check(good)
    await verifier.check(issuer.forge.expired({ aud }))
    await answered()
    expect(records).toMatchObject([
      { outcome: 'granted', checks: [], requiredAudience: [aud], verificationMs: 0 },
      { outcome: 'refused', code: 'token_expired', subject: 'user-42' },
    ])
    expect(records.every((record) => validate(record))).toBe(true)
  })
})

describe('the schema', () => {
  // A name that is missing here does not compile; one too many neither.
  const members: Readonly<Record<keyof DecisionRecord, true>> = {
    ...{
      version: true,
      time: true,
      outcome: true,
      code: true,
      reason: true,
      guard: true,
      checks: true,
    },
    ...{
      request: true,
      durationMs: true,
      verificationMs: true,
      cached: true,
      requiredAudience: true,
    },
    ...{
      requiredScopes: true,
      subject: true,
      issuer: true,
      clientId: true,
      actor: true,
      chain: true,
    },
    ...{ audience: true, scopes: true, kid: true, alg: true, jti: true, tokenSha256: true },
    ...{ anomalies: true, claims: true, unverified: true, lost: true },
  }
  const { properties } = schema as { properties: { code: { enum: Code[] } } }

  test('has the members of the type, and every code', () => {
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(members).toSorted())
    expect(properties.code.enum).toEqual(Object.keys(codes))
  })

  test.each<readonly [string, object]>([
    ['another version', { version: 2 }],
    ['a granted one with a code', { code: 'token_expired', reason: 'x' }],
    ['a refused one without', { outcome: 'refused' }],
    ['a token', { token: good }],
    ['a time that is none', { time: 'today' }],
    ['an actor without an issuer', { actor: { subject: 'a' } }],
  ])('refuses %s', async (_what, change) => {
    const record = await recordOf(good, (guards) => [guards.requireAuthentication()])
    expect(validate({ ...record, ...change })).toBe(false)
  })
})

describe('privacy', () => {
  const key = 'a key of thirty-two bytes or more'
  const hashed = (subject: string): string => pseudonymize(key, subject)
  const act = { sub: 'agent-7', act: { sub: 'order-service', client_id: 'order-service' } }
  const token = issuer.token({ aud, claims: { act, tenant: 'acme', email: 'user@example.com' } })

  test('hashes whoever may be a person, in reasons too, and leaves out the path', async () => {
    const record = await recordOf(token, (guards) => [guards.requireActor('user-service')], {
      records: { pseudonymKey: key },
    })
    expect(record).toMatchObject({
      subject: hashed('user-42'),
      actor: { subject: hashed('agent-7') },
      chain: { actors: [{ subject: hashed('agent-7') }, { subject: 'order-service' }] },
      request: { method: 'GET' },
      code: 'actor_not_allowed',
    })
    expect(record.reason).toContain(hashed('agent-7'))
    expect(record.request).not.toHaveProperty('path')
    expect(JSON.stringify(record)).not.toMatch(/user-42|agent-7/)
  })

  test('the same subject has the same hash, under one key', () => {
    expect(hashed('user-42')).toMatch(/^hmac-sha256:[\w-]{43}$/)
    expect(hashed('user-42')).toBe(pseudonymize(new TextEncoder().encode(key), 'user-42'))
    expect(hashed('user-42')).not.toBe(hashed('user-43'))
    expect(hashed('user-42')).not.toBe(pseudonymize('another key of thirty-two bytes!', 'user-42'))
  })

  test('claims are recorded by name only', async () => {
    const authenticate = (guards: ReturnType<typeof openDesk>['guards']): Guard[] => [
      guards.requireAuthentication(),
    ]
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
    ['a short key', { pseudonymKey: 'short' }],
    ['a key that is undefined', { pseudonymKey: undefined }],
    ['a key that is a number', { pseudonymKey: 1 }],
    ['claims that are no list', { claims: 'tenant' }],
    ['claims without names', { claims: [''] }],
    ['act', { claims: ['act'] }],
    ['an unknown member', { subjectkey: key }],
    ['no room at all', { maxPending: 0 }],
    ['half a place', { maxPending: 1.5 }],
    ['a list', []],
  ])('is a ConfigError for %s', (_what, records) => {
    expect(() => openDesk({ ...options, records: records as object })).toThrow(ConfigError)
  })
})

describe('where nobody listens', () => {
  /** A request that says which of its parts were read. */
  const watched = (token: string, read: string[]): HttpRequest => ({
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

  const visit = async (token: string, more: Partial<ResourceServerOptions>) => {
    const read: string[] = []
    const clock = {
      now: () => (read.push('now'), issuer.clock.now()),
      monotonic: () => (read.push('monotonic'), issuer.clock.monotonic()),
    }
    const gate = createGate({ ...options, clock, ...more })
    const { guard } = gate.guards((made) => ({ guard: made })).requireScope('orders:read')
    const key = {}
    await gate.pass({}, watched(token, []), guard)
    await answered()
    read.length = 0
    await gate.pass(key, watched(token, read), guard)
    await answered()
    gate.recordDecision(key)
    return read
  }

  test.each([
    ['granted', good],
    ['refused', issuer.token({ aud })],
  ])('nothing is built or measured: %s', async (_what, token) => {
    const unheard = await visit(token, {})
    const heard = await visit(token, { onDecision: () => {} })
    expect(heard).toEqual(expect.arrayContaining(['url', 'route']))
    // What is left are the clock readings that the verdict itself depends on.
    expect(unheard).not.toEqual(expect.arrayContaining(['url']))
    expect(unheard).not.toEqual(expect.arrayContaining(['route']))
    const readings = (read: string[]): number => read.filter((part) => part === 'monotonic').length
    expect(readings(heard) - readings(unheard)).toBe(5)
  })

  test('a subscriber to the channel is somebody', async () => {
    const records: unknown[] = []
    const listener = (record: unknown): void => void records.push(record)
    subscribe('resource-server:decision', listener)
    onTestFinished(() => void unsubscribe('resource-server:decision', listener))
    expect(await visit(good, {})).toContain('url')
    expect(records.at(-1)).toMatchObject({ version: 1, outcome: 'granted', subject: 'user-42' })
  })
})
