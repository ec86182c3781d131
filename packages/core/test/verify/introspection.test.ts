import { createTestClock } from '@resource-server/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createPolicy, type Policy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import type { VerifierOptions } from '../../src/index.ts'
import type { Introspection } from '../../src/options/introspection.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'
import {
  active,
  type Answer,
  type AnsweringIntrospection,
  createIntrospection,
} from './answering-introspection.ts'
import { openPipeline, type OpenPipeline, type Verified } from './open-pipeline.ts'

// packages/introspection asks real servers. Here: what the verifier makes of the answers, and whom it asks.

const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const issuer = await startIssuer({ clock })
const now = clock.now() / 1000
const claims = { sub: 'user-42', aud, iat: now, exp: now + 300, client_id: 'shop', scope: 'a' }

interface Setup {
  readonly pipeline: OpenPipeline
  readonly policy: Policy
  readonly introspection: AnsweringIntrospection
}

function setUp(
  answer: Answer,
  options: Partial<Introspection> = {},
  more: VerifierOptions = {},
): Setup {
  const introspection = createIntrospection(answer, options)
  const policy = createPolicy(
    { ...optionsFor(issuer), introspection, log: 'off', ...more },
    'verifier',
  )
  const pipeline = openPipeline(policy)
  onTestFinished(() => pipeline.operations.close())
  return { pipeline, policy, introspection }
}

const summaryOf = ({ result }: Verified): string =>
  result instanceof Refusal ? `${result.code}: ${result.reason}` : 'granted'

describe('an opaque token', () => {
  test('has the claims of the answer, and its record says whether the answer was cached', async () => {
    for (const cached of [true, false]) {
      const { pipeline, introspection } = setUp(() => active({ ...claims, jti: 'j' }, { cached }))
      // oxlint-disable-next-line no-await-in-loop -- two cases
      const { result, identity } = await pipeline.verify('opaque-1')
      expect(result).toMatchObject({
        raw: 'opaque-1',
        issuer: issuer.url,
        subject: 'user-42',
        audience: [aud],
        scopes: ['a'],
        clientId: 'shop',
      })
      expect(introspection.asked).toEqual(['opaque-1'])
      expect(identity).toMatchObject({ cached, subject: 'user-42', jti: 'j' })
      expect(identity).not.toHaveProperty('alg')
      expect(identity).not.toHaveProperty('introspection')
    }
  })

  test('is introspected for each request, cache or not', async () => {
    const { pipeline, introspection } = setUp(() => active(claims))
    for (let times = 0; times < 3; times += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the cache keeps a token at its second use
      await pipeline.verify('opaque-1')
    }
    expect(introspection.asked).toHaveLength(3)
  })

  test('is marked in its record if the answer is older than allowed', async () => {
    const { pipeline } = setUp(() => active(claims, { stale: true }))
    expect(await pipeline.verify('opaque-1')).toMatchObject({
      result: { subject: 'user-42' },
      identity: { introspection: 'stale' },
    })
  })

  test('needs a proof if the answer says that it is bound', async () => {
    const cnf = { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }
    const { pipeline } = setUp(() => active({ ...claims, cnf }))
    expect(summaryOf(await pipeline.verify('opaque-1'))).toMatch(/^binding_unproven: /)
  })

  test('may have actors, which are checked', async () => {
    const answer = (): ReturnType<Answer> => active({ ...claims, act: { sub: 'gateway' } })
    expect((await setUp(answer).pipeline.verify('opaque-1')).result).toMatchObject({
      actor: { subject: 'gateway' },
    })
    const { pipeline } = setUp(answer, {}, { delegation: 'direct' })
    expect(summaryOf(await pipeline.verify('opaque-1'))).toMatch(/^delegation_forbidden: /)
  })

  test.each<readonly [missingAudience: 'accept' | 'refuse', outcome: RegExp]>([
    ['accept', /^granted$/],
    ['refuse', /^claim_missing: the token has no aud/],
  ])('without aud, with missingAudience: %j', async (missingAudience, outcome) => {
    const { aud: _, ...others } = claims
    const { pipeline } = setUp(() => active(others), { missingAudience })
    expect(summaryOf(await pipeline.verify('opaque-1'))).toMatch(outcome)
  })
})

describe('the token is refused', () => {
  test.each<readonly [what: string, answer: Answer, summary: string]>([
    [
      'it is not active',
      () => ({ outcome: 'inactive', cached: true }),
      `token_inactive: '${issuer.url}' says that the token is not active`,
    ],
    [
      'it has another audience',
      () => active({ ...claims, aud: 'stock' }, { cached: true }),
      'audience_mismatch: aud is ["stock"], expected one of ["order-service"]',
    ],
    [
      'it is not an access token',
      () => active({ ...claims, token_use: 'refresh' }, { cached: true }),
      'not_an_access_token: token_use in the introspection response is "refresh"',
    ],
  ])('if %s, and the caller sees only that', async (_what, answer, summary) => {
    const verified = await setUp(answer).pipeline.verify('opaque-1')
    expect(summaryOf(verified)).toBe(summary)
    expect((verified.result as Refusal).detail).toMatchObject({ hidden: true })
    // Neither its claims, which may be of another service, nor its hash are recorded.
    expect(verified.identity).toEqual({ issuer: issuer.url, cached: true })
  })

  test.each<readonly [what: string, answer: Answer, reason: string]>([
    [
      'the server is unavailable',
      () => ({ outcome: 'unavailable', reason: 'POST failed' }),
      'POST failed',
    ],
    [
      'introspection throws',
      () => {
        throw new TypeError('SECRET')
      },
      'introspection threw TypeError',
    ],
    [
      'introspection rejects',
      () => Promise.reject(new RangeError('SECRET')),
      'introspection threw RangeError',
    ],
  ])('as unavailable if %s', async (_what, answer, reason) => {
    const verified = await setUp(answer).pipeline.verify('opaque-1')
    expect(verified.result).toMatchObject({ code: 'introspection_unavailable', reason })
    expect((verified.result as Refusal).detail).toEqual({ retryAfter: 1 })
    expect(verified.identity).toEqual({ issuer: issuer.url, cached: false })
  })

  test('as unavailable for as long as the answer says', async () => {
    const { pipeline } = setUp(() => ({ outcome: 'unavailable', reason: 'why', retryAfter: 30 }))
    const { result } = await pipeline.verify('opaque-1')
    expect((result as Refusal).detail).toEqual({ retryAfter: 30 })
  })

  test('with the claim at fault', async () => {
    const { pipeline } = setUp(() => active({ ...claims, aud: 'stock' }))
    const { result } = await pipeline.verify('opaque-1')
    expect((result as Refusal).detail).toEqual({ claim: 'aud', hidden: true })
  })
})

describe('the issuer that is asked', () => {
  test('is the one whose prefix the token has', async () => {
    const other = 'https://other.example'
    const [one, two] = [
      createIntrospection(() => active(claims), { prefix: 'a_' }),
      createIntrospection(() => active(claims), { prefix: 'b_' }),
    ]
    const issuers = [
      { issuer: issuer.url, introspection: one },
      'https://not-introspected.example',
      { issuer: other, introspection: two },
    ]
    const pipeline = openPipeline(createPolicy({ clock, audience: aud, issuers }, 'verifier'))
    expect((await pipeline.verify('b_1')).identity).toMatchObject({ issuer: other })
    expect((await pipeline.verify('a_1')).identity).toMatchObject({ issuer: issuer.url })
    expect(summaryOf(await pipeline.verify('c_1'))).toMatch(/^token_malformed: /)
    expect([one.asked, two.asked]).toEqual([['a_1'], ['b_1']])
    expect(pipeline.operations.health().introspection?.map((health) => health.issuer)).toEqual([
      issuer.url,
      other,
    ])
    pipeline.operations.close()
    expect([one.closed(), two.closed()]).toEqual([true, true])
  })

  test('is not asked about a string that is too long, or that is not a token', async () => {
    const { pipeline, introspection } = setUp(() => active(claims), {}, { maxTokenBytes: 256 })
    expect(summaryOf(await pipeline.verify('x'.repeat(257)))).toMatch(/^token_too_large: /)
    expect(summaryOf(await pipeline.verify('undefined'))).toMatch(/^token_malformed: /)
    expect(summaryOf(await pipeline.verify('eyJ.x.y'))).toMatch(
      /^header_malformed: |^token_malformed: /,
    )
    expect(introspection.asked).toEqual([])
    expect(summaryOf(await pipeline.verify('x'.repeat(256)))).toBe('granted')
  })
})

describe('a JWT of the issuer', () => {
  const jwt = issuer.token({ aud, scope: 'a b', claims: { jti: 'j' } })
  const tampered = issuer.forge.tampered({ aud })

  test.each<readonly [jwts: Introspection['jwts'], token: string, outcome: RegExp, asked: number]>([
    ['verify', jwt, /^granted$/, 0],
    ['verify', tampered, /^signature_invalid: /, 0],
    ['introspect', jwt, /^granted$/, 1],
    ['introspect', tampered, /^granted$/, 1],
    ['verify-and-introspect', jwt, /^granted$/, 1],
    ['verify-and-introspect', tampered, /^signature_invalid: /, 0],
    ['verify-and-introspect', issuer.forge.expired({ aud }), /^token_expired: /, 0],
  ])('with jwts: %j', async (jwts, token, outcome, asked) => {
    const { pipeline, introspection } = setUp(() => active(claims), { jwts })
    expect(summaryOf(await pipeline.verify(token))).toMatch(outcome)
    expect(introspection.asked).toEqual(Array.from({ length: asked }, () => token))
  })

  test('that is only introspected has the claims of the answer, and a record without kid', async () => {
    const { pipeline } = setUp(() => active(claims), { jwts: 'introspect' })
    const { result, identity } = await pipeline.verify(jwt)
    expect(result).toMatchObject({ raw: jwt, scopes: ['a'] })
    expect(identity).toMatchObject({ issuer: issuer.url, subject: 'user-42' })
    expect(identity).not.toHaveProperty('kid')
    expect(identity).not.toHaveProperty('jti')
  })

  test('that is not active is recorded without its own claims if it is only introspected', async () => {
    const inactive = { outcome: 'inactive', cached: false } as const
    const { pipeline } = setUp(() => inactive, { jwts: 'introspect' })
    expect((await pipeline.verify(jwt)).identity).toEqual({ issuer: issuer.url, cached: false })
  })

  test('that is verified and introspected has both claims, and is introspected each time', async () => {
    const { pipeline, introspection } = setUp(
      () => active({ scope: 'a', jti: 'j', act: { sub: 'gateway' } }),
      { jwts: 'verify-and-introspect' },
    )
    for (let times = 0; times < 3; times += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the cache keeps a token at its second use
      const { result, identity } = await pipeline.verify(jwt)
      expect(result).toMatchObject({
        scopes: ['a'],
        audience: [aud],
        actor: { subject: 'gateway' },
      })
      expect(identity).toMatchObject({ kid: issuer.key.kid, alg: 'ES256', jti: 'j' })
    }
    expect(introspection.asked).toHaveLength(3)
    expect(pipeline.cache).toMatchObject({ tokens: 0 })
  })

  test('that is verified must be the one that the answer is about', async () => {
    const { pipeline } = setUp(() => active({ jti: 'another' }), { jwts: 'verify-and-introspect' })
    expect(summaryOf(await pipeline.verify(jwt))).toBe(
      'claim_malformed: jti in the introspection response is not that of the token',
    )
  })
})

describe('the keys of the issuer', () => {
  test.each<readonly [jwts: Introspection['jwts'], signedResponses: boolean, needed: boolean]>([
    ['verify', false, true],
    ['introspect', false, false],
    ['introspect', true, true],
    ['verify-and-introspect', false, true],
  ])('with jwts: %j and signedResponses: %j are needed: %j', (jwts, signedResponses, needed) => {
    const { pipeline } = setUp(() => active(claims), { jwts, signedResponses })
    expect(pipeline.operations.health().issuers).toHaveLength(needed ? 1 : 0)
    expect(pipeline.operations.ready()).toBe(!needed)
  })
})

test('an introspection learns what it needs about the issuer', () => {
  const fetch = vi.fn<typeof globalThis.fetch>()
  const metadataUri = `${issuer.url}/metadata`
  const { policy, introspection } = setUp(
    () => active(claims),
    {},
    { fetch, metadataUri, clockTolerance: 7 },
  )
  const [context] = introspection.contexts
  expect(context).toMatchObject({
    issuer: issuer.url,
    metadataUri,
    discovery: undefined,
    allowInsecureHttp: false,
    clockTolerance: 7,
    fetch,
    clock: { schedule: policy.schedule },
    verifyJwt: expect.any(Function) as unknown,
  })
  expect(context?.clock.now()).toBe(clock.now())
  expect(context?.clock.monotonic()).toBe(clock.monotonic())
})

test.each([
  ['warnings', true],
  ['off', false],
] as const)('an introspection with log: %j can print warnings: %j', async (log, printed) => {
  await new Promise((resolve) => void setImmediate(resolve))
  const warned = vi.fn<(warning: Error) => void>()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  const { introspection } = setUp(() => active(claims), {}, { log })
  expect(introspection.contexts[0]?.warn('It is slow.')).toBe(printed)
  await new Promise((resolve) => void setImmediate(resolve))
  expect(warned.mock.calls.map(([{ message }]) => message)).toEqual(printed ? ['It is slow.'] : [])
})
