import {
  ConfigError,
  createVerifier,
  type DecisionRecord,
  type Verifier,
  type VerifierOptions,
} from '@resource-server/core'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { introspect, type IntrospectOptions } from '../src/index.ts'

// What the corpus does not cover. The cases INTRO-* are in test/security/introspection.test.ts.

const audience = 'order-service'
const client = { id: 'rs1', secret: 's3cret' }

interface Setup {
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  readonly records: DecisionRecord[]
  /** `granted`, or the code of the refusal. */
  readonly outcome: (token: string) => Promise<string>
  readonly calls: () => number
  readonly opaque: (claims?: object) => string
}

async function setUp(
  options: Partial<IntrospectOptions> = {},
  more: Partial<VerifierOptions> = {},
): Promise<Setup> {
  const issuer = await createTestIssuer({ clients: { rs1: { secret: client.secret } } })
  const records: DecisionRecord[] = []
  const verifier = createVerifier({
    issuer: issuer.url,
    audience,
    clock: issuer.clock,
    introspection: introspect({ client, ...options }),
    onDecision: (record) => void records.push(record),
    log: 'off',
    ...more,
  })
  onTestFinished(async () => {
    verifier.close()
    await issuer.close()
  })
  return {
    issuer,
    verifier,
    records,
    outcome: async (token) => {
      const result = await verifier.check(token)
      return result.ok ? 'granted' : result.code
    },
    calls: () => issuer.introspection.requests.length,
    opaque: (claims = {}) =>
      issuer.opaqueToken({ aud: audience, scope: 'a', claims: { ...claims } }),
  }
}

describe('an introspected token', () => {
  test('has everything that the response says, and its record neither kid nor alg', async () => {
    const { issuer, verifier, records } = await setUp()
    const token = issuer.opaqueToken({
      aud: audience,
      scope: 'orders:read',
      actors: ['svc-a', 'svc-b'],
      claims: { jti: 't-1', tenant: 'acme' },
    })
    const verified = await verifier.verify(token)
    expect(verified).toMatchObject({
      subject: 'user-42',
      issuer: issuer.url,
      audience: [audience],
      scopes: ['orders:read'],
      clientId: 'svc-a',
      actor: { subject: 'svc-a' },
      priorActors: [{ subject: 'svc-b' }],
      claims: { tenant: 'acme', jti: 't-1' },
    })
    expect(verified.raw).toBe(token)
    expect(verified.claims).not.toHaveProperty('active')
    await new Promise((resolve) => setImmediate(resolve))
    expect(records).toMatchObject([{ outcome: 'granted', jti: 't-1', cached: false }])
    expect(records[0]).not.toHaveProperty('kid')
    expect(records[0]).not.toHaveProperty('alg')
  })

  test('that was introspected and not verified has no kid in its record', async () => {
    const { issuer, outcome, records } = await setUp({ jwts: 'introspect' })
    expect(await outcome(issuer.token({ aud: audience, scope: 'a' }))).toBe('granted')
    await new Promise((resolve) => setImmediate(resolve))
    expect(records[0]).not.toHaveProperty('kid')
  })

  test('that begins like a JWT by chance is introspected', async () => {
    const { issuer, outcome } = await setUp()
    const tokens = ['eyJhbGciOi', 'ey.x', 'ewAbCd'].map((prefix) =>
      issuer.opaqueToken({ aud: audience, scope: 'a', prefix }),
    )
    for (const token of tokens) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await outcome(token)).toBe('granted')
    }
  })

  test('that is too long, or a mistake of the client, causes no request', async () => {
    const { outcome, calls } = await setUp()
    expect(await outcome('x'.repeat(9000))).toBe('token_too_large')
    expect(await outcome('undefined')).toBe('token_malformed')
    expect(calls()).toBe(0)
  })

  test('is refused if lifetimes are limited and its own is longer', async () => {
    const { issuer, outcome } = await setUp({}, { maxLifetime: 60 })
    expect(await outcome(issuer.opaqueToken({ aud: audience, scope: 'a' }))).toBe(
      'lifetime_too_long',
    )
  })
})

describe('a JWT that is verified and introspected', () => {
  const options = { jwts: 'verify-and-introspect', maxAge: 0 } as const

  test('has the claims of the response where they differ', async () => {
    const { issuer, verifier } = await setUp(options)
    const token = issuer.token({ aud: audience, scope: 'orders:read orders:write' })
    issuer.introspection.alter({ scope: 'orders:read', act: { sub: 'svc-a' } })
    const verified = await verifier.verify(token)
    expect([verified.scopes, verified.actor?.subject]).toEqual([['orders:read'], 'svc-a'])
  })

  test.each([{ sub: 'user-7' }, { jti: 'other' }, { aud: 'stock-service' }, { exp: 1 }])(
    'is refused if the response says something else: %j',
    async (members) => {
      const { issuer, outcome } = await setUp(options)
      const token = issuer.token({ aud: audience, scope: 'a' })
      expect(await outcome(token)).toBe('granted')
      issuer.introspection.alter(members)
      expect(await outcome(token)).not.toBe('granted')
    },
  )

  test('is introspected for each request, and not only when it is new', async () => {
    const { issuer, outcome, calls } = await setUp(options)
    const token = issuer.token({ aud: audience, scope: 'a' })
    for (let times = 0; times < 4; times += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the cache would keep a token at its second use
      expect(await outcome(token)).toBe('granted')
    }
    expect(calls()).toBe(4)
    issuer.introspection.revoke(token)
    expect(await outcome(token)).toBe('token_inactive')
  })
})

describe('requests to the endpoint', () => {
  test('are 100 for 10,000 requests with 100 tokens', async () => {
    const { outcome, opaque, calls } = await setUp()
    const tokens = Array.from({ length: 100 }, () => opaque())
    const requests = Array.from({ length: 10_000 }, (_, at) => outcome(tokens[at % 100] ?? ''))
    const outcomes = new Set(await Promise.all(requests))
    expect([...outcomes]).toEqual(['granted'])
    expect(calls()).toBe(100)
  })

  test('are limited: other tokens get 503 meanwhile', async () => {
    const { issuer, outcome, opaque, calls } = await setUp({ maxConcurrent: 2 })
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcome(opaque())))
    expect(outcomes.filter((one) => one === 'granted')).toHaveLength(2)
    expect(outcomes.filter((one) => one === 'introspection_unavailable')).toHaveLength(3)
    expect(calls()).toBe(2)
    expect(issuer.requests.discovery).toBeLessThanOrEqual(2)
  })

  test('stop for five seconds if the client is not accepted', async () => {
    const { issuer, outcome, opaque, calls } = await setUp({
      client: { id: 'rs1', secret: 'wrong' },
    })
    expect(await outcome(opaque())).toBe('introspection_unavailable')
    expect(await outcome(opaque())).toBe('introspection_unavailable')
    expect(calls()).toBe(1)
    issuer.clock.advance(6)
    expect(await outcome(opaque())).toBe('introspection_unavailable')
    expect(calls()).toBe(2)
  })

  test('wait as long as the server asks for with Retry-After', async () => {
    const { issuer, outcome, opaque, calls } = await setUp()
    const headers = { 'retry-after': '60' }
    issuer.introspection.reply({ status: 503, headers, body: '' })
    expect(await outcome(opaque())).toBe('introspection_unavailable')
    issuer.introspection.reset()
    issuer.clock.advance(50)
    expect(await outcome(opaque())).toBe('introspection_unavailable')
    expect(calls()).toBe(1)
    issuer.clock.advance(130)
    expect(await outcome(opaque())).toBe('granted')
  })

  test('go to the endpoint in the metadata, which must be on the origin of the issuer', async () => {
    const elsewhere = 'http://127.0.0.1:1/introspect'
    const issuer = await createTestIssuer({ metadata: { introspection_endpoint: elsewhere } })
    const options = { issuer: issuer.url, audience, clock: issuer.clock, log: 'off' } as const
    const verifier = createVerifier({ ...options, introspection: introspect({ client }) })
    onTestFinished(async () => {
      verifier.close()
      await issuer.close()
    })
    const result = await verifier.check('opaque')
    expect(result).toMatchObject({ outcome: 'unavailable' })
    expect(result.ok ? '' : result.reason).toContain('is on a different origin')
  })

  test('need an endpoint in the metadata', async () => {
    const issuer = await createTestIssuer()
    const introspection = introspect({ client })
    const verifier = createVerifier({ issuer: issuer.url, audience, introspection, log: 'off' })
    onTestFinished(async () => {
      verifier.close()
      await issuer.close()
    })
    const result = await verifier.check('opaque')
    expect(result.ok ? '' : result.reason).toContain('has no valid introspection endpoint')
  })
})

describe('an old answer', () => {
  test('is used with staleIfError while the endpoint fails, for a limited time', async () => {
    const { issuer, outcome, opaque, records } = await setUp({ maxAge: 10, staleIfError: 60 })
    const token = opaque()
    expect(await outcome(token)).toBe('granted')
    issuer.introspection.reply({ status: 500, body: '' })
    issuer.clock.advance(11)
    expect(await outcome(token)).toBe('granted')
    expect(await outcome(opaque())).toBe('introspection_unavailable')
    issuer.clock.advance(60)
    expect(await outcome(token)).toBe('introspection_unavailable')
    await new Promise((resolve) => setImmediate(resolve))
    expect(records.map(({ introspection }) => introspection)).toEqual([
      undefined,
      'stale',
      undefined,
      undefined,
    ])
  })

  test('is not used for a token that has expired', async () => {
    const { issuer, outcome } = await setUp({ maxAge: 300, staleIfError: 3600 })
    const token = issuer.opaqueToken({ aud: audience, scope: 'a', expiresIn: 20 })
    expect(await outcome(token)).toBe('granted')
    issuer.introspection.reply({ status: 500, body: '' })
    issuer.clock.advance(26)
    expect(await outcome(token)).toBe('token_expired')
  })

  test('is not used without staleIfError', async () => {
    const { issuer, outcome, opaque } = await setUp({ maxAge: 10 })
    const token = opaque()
    expect(await outcome(token)).toBe('granted')
    issuer.introspection.reply({ status: 500, body: '' })
    issuer.clock.advance(11)
    expect(await outcome(token)).toBe('introspection_unavailable')
  })
})

test('a flood of unknown tokens evicts no answer about a valid one', async () => {
  const { outcome, opaque, calls } = await setUp({ maxTokens: 10 })
  const token = opaque()
  expect(await outcome(token)).toBe('granted')
  for (let count = 0; count < 40; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await outcome(`unknown-${count}`)).toBe('token_inactive')
  }
  const before = calls()
  expect(await outcome(token)).toBe('granted')
  expect(calls()).toBe(before)
})

test('health() has the state of the endpoint', async () => {
  const { issuer, verifier, outcome, opaque } = await setUp()
  const state = () => verifier.health().introspection
  expect(state()).toEqual([
    { issuer: issuer.url, state: 'unknown', requests: 0, failures: 0, cached: 0 },
  ])
  await outcome(opaque())
  expect(state()).toMatchObject([{ state: 'ok', requests: 1, failures: 0, cached: 1 }])
  issuer.introspection.reply({ status: 500, body: '' })
  await outcome(opaque())
  expect(state()).toMatchObject([
    {
      state: 'failing',
      requests: 2,
      failures: 1,
      lastError: `introspection at '${issuer.url}' failed: the server answered with status 500`,
    },
  ])
})

test('keys are not needed to be ready if nothing is verified', async () => {
  const introspected = await setUp({ jwts: 'introspect' })
  await introspected.verifier.warmUp()
  expect(introspected.verifier.ready()).toBe(true)
  expect(introspected.issuer.requests.keys).toBe(0)
  const verified = await setUp({ jwts: 'introspect', signedResponses: true })
  await verified.verifier.warmUp()
  expect(verified.issuer.requests.keys).toBe(1)
})

describe('a ConfigError', () => {
  test.each<[object, string]>([
    [{}, 'client'],
    [{ client: { id: 'rs1' } }, 'no credential'],
    [{ client, jwts: 'both' }, "'jwts'"],
    [{ client, missingAudience: 'ignore' }, "'missingAudience'"],
    [{ client, maxAge: 301 }, "'maxAge'"],
    [{ client, maxConcurrent: 0 }, "'maxConcurrent'"],
    [{ client, endpoint: '' }, "'endpoint'"],
    [{ client, timeout: 1 }, "'timeout'"],
  ])('is thrown for introspect(%j)', (options, problem) => {
    expect(() => introspect(options as never)).toThrow(ConfigError)
    expect(() => introspect(options as never)).toThrow(problem)
  })

  test("is thrown for missingAudience: 'accept' without an audience to assume", () => {
    const introspection = introspect({ client, missingAudience: 'accept' })
    const options = { issuer: 'https://as.example.com', introspection } as never
    expect(() => createVerifier(options)).toThrow(/requires the option 'audience'/)
  })

  test('is thrown for something that is not an introspection', () => {
    const options = { issuer: 'https://as.example.com', audience, introspection: client as never }
    expect(() => createVerifier(options)).toThrow(/connect\(\)/)
  })

  test('makes resolveIssuer fail, because tokens cannot be routed to its issuers', async () => {
    const issuer = 'https://as.example.com'
    const introspection = introspect({ client })
    const verifier = createVerifier({
      audience,
      resolveIssuer: () => ({ issuer, introspection }),
      log: 'off',
    })
    const jwt = `e30.${Buffer.from(JSON.stringify({ iss: issuer })).toString('base64url')}.AA`
    const header = Buffer.from('{"alg":"ES256"}').toString('base64url')
    const result = await verifier.check(jwt.replace('e30', header))
    expect(result.ok ? '' : result.reason).toContain("'introspection' is not available")
  })
})

test.each([
  ['warnings', 1],
  ['off', 0],
] as const)("with log: '%s', a failure of the endpoint is printed %i times", async (log, times) => {
  const messages: string[] = []
  const listener = ({ name, message }: Error): void => {
    if (name === 'ResourceServerWarning') messages.push(message)
  }
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  const { outcome } = await setUp(
    { endpoint: 'http://127.0.0.1:1/introspect', allowOtherOrigin: true },
    { log },
  )
  expect(await outcome('an-opaque-token')).toBe('introspection_unavailable')
  expect(await outcome('another-opaque-token')).toBe('introspection_unavailable')
  await new Promise((resolve) => setImmediate(resolve))
  expect(messages.filter((message) => message.startsWith('introspection at'))).toHaveLength(times)
})
