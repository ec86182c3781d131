import { createTestClock, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { audienceRule } from '../../src/config/audience.ts'
import type { IssuerOptions, VerifierOptions } from '../../src/index.ts'
import {
  createJudge,
  type Judge,
  type Judgement,
  requireAudience,
} from '../../src/verify/pipeline.ts'
import { createPolicy, optionNames } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const issuer = await startIssuer({ clock })
const tenant = await startIssuer({ clock, path: '/tenant' })

const policyOf = (options: VerifierOptions) => createPolicy(options, optionNames.verifier)

function judgeWith(options: VerifierOptions = {}, of: TestIssuer = issuer): Judge {
  const judge = createJudge(policyOf({ ...optionsFor(of), ...options }))
  onTestFinished(() => judge.operations.close())
  return judge
}

const told = ({ result }: Judgement): string =>
  result instanceof Refusal ? `${result.code}: ${result.reason}` : 'granted'

describe('an issuer without audience', () => {
  const message =
    "There is no audience for 'https://b.example.com'. Set audience: 'order-service', or let requireAudience('order-service') run first."
  const without = { issuers: [{ issuer: issuer.url, audience: aud }, 'https://b.example.com'] }

  test('is misuse, unless a route has one', async () => {
    const judge = createJudge(policyOf({ ...without, clock }))
    expect(() => judge.judge(issuer.token({ aud }))).toThrow(message)
    expect(told(await judge.judge(issuer.token({ aud }), audienceRule(aud)))).toBe('granted')
  })

  test('is asked for by itself', () => {
    expect(() => requireAudience(policyOf(without))).toThrow(message)
    expect(() => requireAudience(policyOf(without), audienceRule('x'))).not.toThrow()
    expect(() => requireAudience(policyOf(optionsFor(issuer)))).not.toThrow()
  })
})

test("a route's audience stands in for the configured one", async () => {
  const judge = judgeWith()
  const token = issuer.token({ aud: 'stock' })
  expect(told(await judge.judge(token))).toMatch(/^audience_mismatch/)
  expect(told(await judge.judge(token, audienceRule('stock')))).toBe('granted')
})

test('a token that is too long is neither hashed nor counted', async () => {
  const judge = judgeWith({ maxTokenBytes: 256 })
  expect((await judge.judge('x'.repeat(257))).identity).toStrictEqual({})
  expect((await judge.judge(undefined as never)).identity).toStrictEqual({})
  expect(judge.cache).toMatchObject({ hits: 0, misses: 0 })
  expect((await judge.judge('x'.repeat(256))).identity).toStrictEqual({ cached: false })
  expect(judge.cache).toMatchObject({ hits: 0, misses: 1 })
})

test('where nothing is remembered, nothing is said of it', async () => {
  const judge = judgeWith({ cache: false })
  expect((await judge.judge(issuer.token({ aud }))).identity).not.toHaveProperty('cached')
  expect(judge.cache).toBeUndefined()
  expect(judge.operations.health()).not.toHaveProperty('cache')
})

describe('what breaks down is no verdict', () => {
  const failure = { code: 'verification_failed', detail: { retryAfter: 1 } }

  /** A clock that can be made to fail. */
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
  ])('whatever is thrown: %s', async (thrown, what) => {
    const { fault, clock: own } = failing()
    const judge = judgeWith({ clock: own })
    const token = issuer.token({ aud, sub: 'user-7' })
    const reason = `the verification broke down: ${what}`
    fault.thrown = thrown
    // once the keys are there, and at once
    const [late, soon] = [await judge.judge(token), await judge.judge(token)]
    for (const { result, identity } of [late, soon]) {
      expect(result).toMatchObject({ ...failure, reason })
      expect(identity).toMatchObject({ cached: false, subject: 'user-7' })
    }
    delete fault.thrown
    await judge.judge(token)
    await judge.judge(token)
    expect((await judge.judge(token)).identity).toMatchObject({ cached: true })
    fault.thrown = thrown
    // while it is remembered
    const again = await judge.judge(token)
    expect(again.result).toMatchObject({ ...failure, reason })
    expect(again.identity).toStrictEqual({})
  })
})

describe('hints for the operator', () => {
  const hints = [
    {
      codes: ['token_expired', 'audience_mismatch'] as const,
      when: () => true,
      message: 'Mend it.',
    },
  ]
  const profile = { ...defaultProfile, hints }

  test('are added to a refusal, also of a token that is remembered', async () => {
    await using own = await startIssuer()
    const judge = judgeWith({ profile }, own)
    expect(told(await judge.judge(own.token({ aud: 'x' })))).toBe(
      'audience_mismatch: aud is ["x"], expected one of ["order-service"]. Mend it.',
    )
    const token = own.token({ aud, sub: 'user-7', actors: ['a'], expiresIn: 10 })
    for (let at = 0; at < 2; at += 1) await judge.judge(token)
    own.clock.advance(60)
    const late = await judge.judge(token)
    expect(told(late)).toBe('token_expired: exp is 50 s ago; the tolerance is 5 s. Mend it.')
    expect(late.identity).toMatchObject({ cached: true, subject: 'user-7', chain: { depth: 1 } })
    expect(judge.cache).toMatchObject({ hits: 1 })
  })
})

describe('beside the configured issuers, those that a rule takes', () => {
  function resolving(answer: (iss: string) => IssuerOptions | undefined) {
    const asked: string[] = []
    const resolveIssuer = (iss: string) => (asked.push(iss), answer(iss))
    return { asked, judge: judgeWith({ resolveIssuer }) }
  }
  const ours = (iss: string): IssuerOptions => ({ issuer: iss })

  test('a configured one is not asked about, and what is no string neither', async () => {
    const { asked, judge } = resolving(ours)
    expect(told(await judge.judge(issuer.token({ aud })))).toBe('granted')
    expect(told(await judge.judge(tenant.token({ aud })))).toBe('granted')
    const odd = await judge.judge(tenant.token({ aud, claims: { iss: [tenant.url] } }))
    expect(told(odd)).toBe("issuer_not_trusted: the token's iss is not a string")
    expect(asked).toEqual([tenant.url])
  })

  test('one without audience gives no verdict', async () => {
    const judge = createJudge(policyOf({ clock, resolveIssuer: ours }))
    onTestFinished(() => judge.operations.close())
    const { result } = await judge.judge(tenant.token({ aud }))
    expect(result).toMatchObject({
      ...{ code: 'verification_failed', reason: 'resolveIssuer gave no audience' },
      detail: { retryAfter: 1 },
    })
    expect(told(await judge.judge(tenant.token({ aud }), audienceRule(aud)))).toBe('granted')
  })

  test('all of them are there for the operator', async () => {
    const { judge } = resolving(ours)
    const { operations } = judge
    const states = () => operations.health().issuers.map(({ issuer: of, state }) => [of, state])
    expect(states()).toEqual([[issuer.url, 'none']])
    await judge.judge(issuer.token({ aud }))
    await judge.judge(tenant.token({ aud }))
    expect(states()).toEqual([
      [issuer.url, 'fresh'],
      [tenant.url, 'fresh'],
    ])
    expect(operations.health().cache).toEqual(judge.cache)

    operations.blockKey(tenant.key.kid)
    const token = tenant.token({ aud, sub: 'again' })
    expect(told(await judge.judge(token))).toMatch(/^key_not_found/)
    expect(told(await judge.judge(issuer.token({ aud })))).toMatch(/^key_not_found/)
  })

  test('the end is the end of all work for later', async () => {
    const pending = new Set<() => void>()
    const schedule = (_delay: number, callback: () => void): (() => void) => {
      pending.add(callback)
      return () => pending.delete(callback)
    }
    const own = { now: () => clock.now(), monotonic: () => clock.monotonic(), schedule }
    const judge = judgeWith({ clock: own, resolveIssuer: ours })
    await judge.judge(issuer.token({ aud }))
    await judge.judge(tenant.token({ aud }))
    expect(pending.size).toBe(2)
    judge.operations.close()
    expect(pending.size).toBe(0)
  })

  test('without a rule there are the configured ones alone', () => {
    const { operations } = judgeWith()
    expect(operations.health().issuers.map(({ issuer: of }) => of)).toEqual([issuer.url])
    expect(() => operations.blockKey('x')).not.toThrow()
    expect(() => operations.close()).not.toThrow()
  })
})

describe('of each token so much is known as it came far', () => {
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
    const judged = await judgeWith().judge(make())
    expect(told(judged).split(':')[0]).toBe(code)
    const members = Object.keys(judged.identity)
    if (typeof member === 'string') expect(members).toContain(member)
    else expect(members).toEqual(member)
    expect(members.includes('subject')).toBe(member === 'subject')
  })
})
