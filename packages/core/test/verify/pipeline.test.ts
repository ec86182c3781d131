import { createTestClock, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { audienceRule } from '../../src/config/audience.ts'
import type { IssuerOptions, VerifierOptions } from '../../src/index.ts'
import { requireAudience } from '../../src/verify/pipeline.ts'
import { createPolicy } from '../../src/config/policy.ts'
import type { HintedToken } from '../../src/options/profile.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'
import { openPipeline, type OpenPipeline, type Verified } from './open-pipeline.ts'

const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const issuer = await startIssuer({ clock })
const tenant = await startIssuer({ clock, path: '/tenant' })

const policyOf = (options: VerifierOptions) => createPolicy(options, 'verifier')

function pipelineWith(options: VerifierOptions = {}, of: TestIssuer = issuer): OpenPipeline {
  const pipeline = openPipeline(policyOf({ ...optionsFor(of), ...options }))
  onTestFinished(() => pipeline.operations.close())
  return pipeline
}

const summaryOf = ({ result }: Verified): string =>
  result instanceof Refusal ? `${result.code}: ${result.reason}` : 'granted'

describe('an issuer without an audience', () => {
  const message =
    "No audience is configured for the issuer 'https://b.example.com'. Set audience: 'order-service', or let requireAudience('order-service') run first."
  const without = { issuers: [{ issuer: issuer.url, audience: aud }, 'https://b.example.com'] }

  test('is a ConfigError unless the guard supplies one', async () => {
    const pipeline = openPipeline(policyOf({ ...without, clock }))
    expect(() => pipeline.verify(issuer.token({ aud }))).toThrow(message)
    expect(summaryOf(await pipeline.verify(issuer.token({ aud }), audienceRule(aud)))).toBe(
      'granted',
    )
  })

  test('makes requireAudience throw unless the guard supplies one', () => {
    expect(() => requireAudience(policyOf(without))).toThrow(message)
    expect(() => requireAudience(policyOf(without), audienceRule('x'))).not.toThrow()
    expect(() => requireAudience(policyOf(optionsFor(issuer)))).not.toThrow()
  })
})

test("the guard's audience replaces the configured one", async () => {
  const pipeline = pipelineWith()
  const token = issuer.token({ aud: 'stock' })
  expect(summaryOf(await pipeline.verify(token))).toMatch(/^audience_mismatch/)
  expect(summaryOf(await pipeline.verify(token, audienceRule('stock')))).toBe('granted')
})

test('a token over the size limit is not looked up in the cache', async () => {
  const pipeline = pipelineWith({ maxTokenBytes: 256 })
  expect((await pipeline.verify('x'.repeat(257))).identity).toStrictEqual({})
  expect((await pipeline.verify(undefined as never)).identity).toStrictEqual({})
  expect(pipeline.cache).toMatchObject({ hits: 0, misses: 0 })
  expect((await pipeline.verify('x'.repeat(256))).identity).toStrictEqual({ cached: false })
  expect(pipeline.cache).toMatchObject({ hits: 0, misses: 1 })
})

test('without a cache, neither records nor health mention it', async () => {
  const pipeline = pipelineWith({ cache: false })
  expect((await pipeline.verify(issuer.token({ aud }))).identity).not.toHaveProperty('cached')
  expect(pipeline.cache).toBeUndefined()
  expect(pipeline.operations.health()).not.toHaveProperty('cache')
})

describe('an unexpected exception makes the decision unavailable', () => {
  const failure = { code: 'verification_failed', detail: { retryAfter: 1 } }

  /** A clock that throws on request. */
  function failing() {
    const fault: { thrown?: unknown } = {}
    const now = (): number => {
      if ('thrown' in fault) throw fault.thrown
      return clock.now()
    }
    const monotonic = (): number => clock.monotonic()
    return { fault, clock: { now, monotonic } }
  }

  test.each([
    [new RangeError('secret'), 'RangeError'],
    ['secret', 'string'],
    [undefined, 'undefined'],
  ])('even if %s is thrown', async (thrown, what) => {
    const { fault, clock: own } = failing()
    const pipeline = pipelineWith({ clock: own })
    const token = issuer.token({ aud, sub: 'user-7' })
    const reason = `unexpected error during verification: ${what}`
    fault.thrown = thrown
    // with keys still to be fetched, and with keys in place
    const [late, soon] = [await pipeline.verify(token), await pipeline.verify(token)]
    for (const { result, identity } of [late, soon]) {
      expect(result).toMatchObject({ ...failure, reason })
      expect(identity).toMatchObject({ cached: false, subject: 'user-7' })
    }
    delete fault.thrown
    await pipeline.verify(token)
    await pipeline.verify(token)
    expect((await pipeline.verify(token)).identity).toMatchObject({ cached: true })
    fault.thrown = thrown
    // while it is cached
    const again = await pipeline.verify(token)
    expect(again.result).toMatchObject({ ...failure, reason })
    expect(again.identity).toMatchObject({ cached: true, subject: 'user-7' })
  })
})

test('if something is thrown for a cached token, it is not verified from the beginning', async () => {
  let throws = false
  const now = (): number => {
    if (!throws) return clock.now()
    throws = false
    throw new RangeError('once')
  }
  const pipeline = pipelineWith({ clock: { now, monotonic: () => clock.monotonic() } })
  const token = issuer.token({ aud })
  for (let at = 0; at < 3; at += 1) await pipeline.verify(token)
  throws = true
  expect(summaryOf(await pipeline.verify(token))).toBe(
    'verification_failed: unexpected error during verification: RangeError',
  )
  expect(summaryOf(await pipeline.verify(token))).toBe('granted')
})

describe('hints for the operator', () => {
  const hints = [
    {
      codes: ['token_expired', 'audience_mismatch'] as const,
      when: ({ typ, claims }: HintedToken) => typ === 'at+jwt' && claims['sub'] === 'user-7',
      message: 'Fix it.',
    },
  ]
  const profile = { ...defaultProfile, hints }

  test('are added to the reason, even for a cached token', async () => {
    await using own = await startIssuer()
    const pipeline = pipelineWith({ profile }, own)
    expect(summaryOf(await pipeline.verify(own.token({ aud: 'x', sub: 'user-7' })))).toBe(
      'audience_mismatch: aud is ["x"], expected one of ["order-service"]. Fix it.',
    )
    const token = own.token({ aud, sub: 'user-7', actors: ['a'], expiresIn: 10 })
    for (let at = 0; at < 2; at += 1) await pipeline.verify(token)
    own.clock.advance(60)
    const late = await pipeline.verify(token)
    expect(summaryOf(late)).toBe('token_expired: exp was 50 s ago; clockTolerance is 5 s. Fix it.')
    expect(late.identity).toMatchObject({ cached: true, subject: 'user-7', chain: { depth: 1 } })
    expect(pipeline.cache).toMatchObject({ hits: 1 })
  })
})

describe('resolveIssuer', () => {
  function resolving(resolve: (iss: string) => IssuerOptions | undefined) {
    const resolved: string[] = []
    const resolveIssuer = (iss: string) => (resolved.push(iss), resolve(iss))
    return { resolved, pipeline: pipelineWith({ resolveIssuer }) }
  }
  const ours = (iss: string): IssuerOptions => ({ issuer: iss })

  test('is not called for configured issuers, or for an iss that is not a string', async () => {
    const { resolved, pipeline } = resolving(ours)
    expect(summaryOf(await pipeline.verify(issuer.token({ aud })))).toBe('granted')
    expect(summaryOf(await pipeline.verify(tenant.token({ aud })))).toBe('granted')
    const result = await pipeline.verify(tenant.token({ aud, claims: { iss: [tenant.url] } }))
    expect(summaryOf(result)).toBe(
      `issuer_not_trusted: the token's iss is not a string, expected "${issuer.url}"`,
    )
    expect(resolved).toEqual([tenant.url])
  })

  test('without an audience makes the decision unavailable', async () => {
    const pipeline = openPipeline(policyOf({ clock, resolveIssuer: ours }))
    onTestFinished(() => pipeline.operations.close())
    const { result } = await pipeline.verify(tenant.token({ aud }))
    expect(result).toMatchObject({
      code: 'verification_failed',
      reason: 'resolveIssuer returned no audience',
      detail: { retryAfter: 1 },
    })
    const token = tenant.token({ aud })
    for (const cached of [false, false, true]) {
      const verified = await pipeline.verify(token, audienceRule(aud))
      expect(summaryOf(verified)).toBe('granted')
      expect(verified.identity).toMatchObject({ cached })
    }
    expect(summaryOf(await pipeline.verify(token))).toBe(
      'verification_failed: resolveIssuer returned no audience',
    )
  })

  test('adds its issuers to health and to blockKey', async () => {
    const { pipeline } = resolving(ours)
    const { operations } = pipeline
    const states = () => operations.health().issuers.map(({ issuer: of, state }) => [of, state])
    expect(states()).toEqual([[issuer.url, 'none']])
    await pipeline.verify(issuer.token({ aud }))
    await pipeline.verify(tenant.token({ aud }))
    expect(states()).toEqual([
      [issuer.url, 'fresh'],
      [tenant.url, 'fresh'],
    ])
    expect(operations.health().cache).toEqual(pipeline.cache)

    // The keys of test issuers have the same kid.
    expect(tenant.key.kid).toBe(issuer.key.kid)
    operations.blockKey({ issuer: tenant.url, kid: tenant.key.kid })
    const token = tenant.token({ aud, sub: 'again' })
    expect(summaryOf(await pipeline.verify(token))).toMatch(/^key_not_found/)
    expect(summaryOf(await pipeline.verify(issuer.token({ aud, sub: 'again' })))).toBe('granted')
    operations.blockKey({ issuer: issuer.url, kid: issuer.key.kid })
    expect(summaryOf(await pipeline.verify(issuer.token({ aud })))).toMatch(/^key_not_found/)
  })

  test('leaves no timers behind after close', async () => {
    const pending = new Set<() => void>()
    const schedule = (_delay: number, callback: () => void): (() => void) => {
      pending.add(callback)
      return () => pending.delete(callback)
    }
    const own = { now: () => clock.now(), monotonic: () => clock.monotonic(), schedule }
    const pipeline = pipelineWith({ clock: own, resolveIssuer: ours })
    await pipeline.verify(issuer.token({ aud }))
    await pipeline.verify(tenant.token({ aud }))
    expect(pending.size).toBe(2)
    pipeline.operations.close()
    expect(pending.size).toBe(0)
  })

  test('is optional', () => {
    const { operations } = pipelineWith()
    expect(operations.health().issuers.map(({ issuer: of }) => of)).toEqual([issuer.url])
    const unknown = { issuer: tenant.url, kid: 'x' }
    expect(() => operations.blockKey(unknown)).toThrow(`Pass one of '${issuer.url}'.`)
    expect(() => operations.close()).not.toThrow()
  })
})

describe('the record names the token as far as it was verified', () => {
  const forged = (): string => `${issuer.token({ aud }).slice(0, -9)}AAAAAAAAA`

  test.each<readonly [code: string, make: () => string, member: string | readonly string[]]>([
    ['token_malformed', () => 'x', ['cached']],
    ['issuer_not_trusted', () => issuer.token({ aud, claims: { iss: 'x' } }), 'unverified'],
    ['algorithm_not_allowed', () => issuer.token({ aud, header: { alg: 'none' } }), 'unverified'],
    ['key_not_found', () => issuer.token({ aud, header: { kid: 'x' } }), 'unverified'],
    ['signature_invalid', forged, 'unverified'],
    ['audience_mismatch', () => issuer.token({ aud: 'x' }), 'subject'],
    ['actor_malformed', () => issuer.token({ aud, claims: { act: 1 } }), 'subject'],
    ['actor_malformed', () => issuer.token({ aud, claims: { may_act: 1 } }), 'subject'],
    ['granted', () => issuer.token({ aud }), 'subject'],
  ])('%s (%#)', async (code, make, member) => {
    const verified = await pipelineWith().verify(make())
    expect(summaryOf(verified).split(':')[0]).toBe(code)
    const members = Object.keys(verified.identity)
    if (typeof member === 'string') expect(members).toContain(member)
    else expect(members).toEqual(member)
    expect(members.includes('subject')).toBe(member === 'subject')
  })
})
