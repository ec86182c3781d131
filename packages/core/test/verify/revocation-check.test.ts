import { createTestClock } from '@resource-server/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import type { VerifierOptions } from '../../src/index.ts'
import type {
  RevocableToken,
  RevocationChecker,
  RevocationContext,
} from '../../src/options/revocation.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'
import { openPipeline, type Verified } from './open-pipeline.ts'

const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const issuer = await startIssuer({ clock })
const health = { state: 'current', source: 'memory', entries: 2 } as const

/** A pipeline whose source of revocations has this check, and what happened to the source. */
function setUp(check: RevocationChecker['check'], more: VerifierOptions = {}) {
  const calls: string[] = []
  const contexts: RevocationContext[] = []
  const asked: RevocableToken[] = []
  const checker: RevocationChecker = {
    check: (token) => {
      asked.push(token)
      return check(token)
    },
    subscribe: () => {
      calls.push('subscribe')
      return () => void calls.push('unsubscribe')
    },
    ready: () => {
      calls.push('ready')
      return false
    },
    warmUp: async () => void calls.push('warmUp'),
    health: () => health,
    close: () => void calls.push('close'),
  }
  const connect = (context: RevocationContext): RevocationChecker => {
    contexts.push(context)
    return checker
  }
  const options = { ...optionsFor(issuer), revocation: { connect }, log: 'off', ...more } as const
  const policy = createPolicy(options, 'verifier')
  const pipeline = openPipeline(policy)
  onTestFinished(() => pipeline.operations.close())
  const [context] = contexts as [RevocationContext]
  return { pipeline, policy, calls, asked, context }
}

const summaryOf = ({ result }: Verified): unknown =>
  result instanceof Refusal ? [result.code, result.reason, result.detail] : 'granted'

describe('a token that passed all other checks', () => {
  test.each<readonly [what: string, check: RevocationChecker['check'], summary: unknown]>([
    ['granted if nothing is found', () => undefined, 'granted'],
    [
      'refused if it was revoked',
      () => ({ outcome: 'revoked', reason: 'the user signed out' }),
      ['token_revoked', 'the token was revoked: the user signed out', {}],
    ],
    [
      'unavailable if the source is, with a retry after a second',
      () => ({ outcome: 'unavailable', reason: 'no feed yet' }),
      ['revocations_unavailable', 'no feed yet', { retryAfter: 1 }],
    ],
    [
      'unavailable for as long as the source says',
      () => ({ outcome: 'unavailable', reason: 'no feed yet', retryAfter: 9 }),
      ['revocations_unavailable', 'no feed yet', { retryAfter: 9 }],
    ],
    [
      'unavailable if the check throws',
      () => {
        throw new TypeError('SECRET')
      },
      ['revocations_unavailable', 'the check for revocation threw TypeError', { retryAfter: 1 }],
    ],
  ])('is %s, cached or not', async (_what, check, summary) => {
    const { pipeline, asked } = setUp(check)
    const token = issuer.token({ aud, sub: 'user-42' })
    for (const cached of [false, false, true]) {
      // oxlint-disable-next-line no-await-in-loop -- the cache keeps a token at its second use
      const verified = await pipeline.verify(token)
      expect(summaryOf(verified)).toEqual(summary)
      expect(verified.identity).toMatchObject({ cached, subject: 'user-42' })
      expect(verified.identity).not.toHaveProperty('revocations')
    }
    expect(asked.map(({ subject }) => subject)).toEqual(['user-42', 'user-42', 'user-42'])
  })

  test('is granted while revocations may be missing, and its record says so', async () => {
    const { pipeline } = setUp(() => ({ outcome: 'stale' }))
    const verified = await pipeline.verify(issuer.token({ aud }))
    expect(summaryOf(verified)).toBe('granted')
    expect(verified.identity).toHaveProperty('revocations', 'stale')
  })
})

test.each([
  ['it expired', issuer.forge.expired({ aud }), {}],
  ['its signature is not valid', issuer.forge.tampered({ aud }), {}],
  [
    'it is bound and has no proof',
    issuer.token({
      aud,
      claims: { cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } },
    }),
    {},
  ],
  ['it has no actor, and one is required', issuer.token({ aud }), { delegation: 'delegated' }],
] as const)('a token is not looked up if %s', async (_what, token, options) => {
  const { pipeline, asked } = setUp(() => undefined, options)
  expect(summaryOf(await pipeline.verify(token))).not.toBe('granted')
  expect(asked).toEqual([])
})

describe('a source of revocations', () => {
  test('learns what it needs about the verifier', () => {
    const { context, policy } = setUp(() => undefined, { clockTolerance: 7, maxLifetime: 600 })
    expect(context).toMatchObject({
      clockTolerance: 7,
      maxLifetime: 600,
      clock: { schedule: policy.schedule },
    })
    expect(context.clock.now()).toBe(clock.now())
    expect(context.clock.monotonic()).toBe(clock.monotonic())
    expect(setUp(() => undefined).context.maxLifetime).toBe(undefined)
  })

  test('trusts the configured issuers, and any issuer with resolveIssuer', () => {
    const { context } = setUp(() => undefined)
    expect(context.trusts(issuer.url)).toBe(true)
    expect(context.trusts('https://other.example')).toBe(false)
    const resolveIssuer = (): undefined => undefined
    const resolving = setUp(() => undefined, { resolveIssuer }).context
    expect(resolving.trusts(issuer.url)).toBe(true)
    expect(resolving.trusts('https://other.example')).toBe(true)
  })

  test('can verify logout tokens of a trusted issuer', async () => {
    const { context } = setUp(() => undefined)
    const now = clock.now() / 1000
    const payload = { iss: issuer.url, aud, iat: now, jti: 'j', sub: 'user-42', events: {} }
    const jwt = issuer.sign({ header: { alg: 'ES256', typ: 'logout+jwt' }, payload })
    expect(await context.verifyJwt(jwt, 'logout token', { audience: [aud] })).toEqual({
      ok: true,
      issuer: issuer.url,
      claims: payload,
    })
  })

  test.each([
    ['warnings', true],
    ['off', false],
  ] as const)('with log: %j can print warnings: %j', async (log, printed) => {
    await new Promise((resolve) => void setImmediate(resolve))
    const warned = vi.fn<(warning: Error) => void>()
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    expect(setUp(() => undefined, { log }).context.warn('It is late.')).toBe(printed)
    await new Promise((resolve) => void setImmediate(resolve))
    const messages = warned.mock.calls.map(([{ message }]) => message)
    expect(messages).toEqual(printed ? ['It is late.'] : [])
  })

  test('takes part in warmUp, ready, health, watch, and close', async () => {
    const { pipeline, calls } = setUp(() => undefined)
    const { operations } = pipeline
    await operations.warmUp()
    expect(calls.splice(0)).toEqual(['warmUp'])
    expect(operations.ready()).toBe(false)
    expect(calls.splice(0)).toEqual(['ready'])
    expect(operations.health()).toMatchObject({ revocation: health })
    const { result } = await pipeline.verify(issuer.token({ aud }))
    if (result instanceof Refusal) throw new Error(result.reason)
    operations.watch(result, () => {})
    expect(calls.splice(0)).toEqual(['subscribe'])
    operations.close()
    expect(calls).toContain('close')
  })
})
