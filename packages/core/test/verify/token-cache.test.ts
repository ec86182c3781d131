import { createSigningKey, type TestIssuer } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { audienceRule } from '../../src/config/audience.ts'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { openPipeline, type OpenPipeline, type Verified } from './open-pipeline.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { HeapSize } from '../../src/lib/heap-size.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const other = audienceRule('other-service')
const fresh = (claims: object = {}): string =>
  issuer.token({ aud, expiresIn: 3600, claims: { ...claims } })

const pipelineWith = (options: VerifierOptions = {}, of: TestIssuer = issuer): OpenPipeline =>
  openPipeline(createPolicy({ ...optionsFor(of), ...options }, 'verifier'))

const outcome = ({ result }: Verified): string =>
  result instanceof Refusal ? result.code : 'granted'

/** Verifies tokens one after the other. Returns their outcomes, with ` from cache` if they were cached. */
async function outcomesOf(
  pipeline: OpenPipeline,
  ...tokens: readonly string[]
): Promise<readonly string[]> {
  const answers: string[] = []
  for (const token of tokens) {
    const before = pipeline.cache?.hits ?? 0
    const answer = outcome(await pipeline.verify(token))
    answers.push((pipeline.cache?.hits ?? 0) > before ? `${answer} from cache` : answer)
  }
  return answers
}

test('returns the same token again from the third use on', async () => {
  const pipeline = pipelineWith()
  const token = issuer.token({ aud, scope: 'a b', actors: ['user-service', 'web'] })
  const first = await pipeline.verify(token)
  await pipeline.verify(token)
  const second = await pipeline.verify(token)
  expect(second.result).toEqual(first.result)
  expect(second.identity).toEqual({ ...first.identity, cached: true })
  expect((second.result as { raw: string }).raw).toBe(token)
  const bytes = expect.any(Number)
  expect(pipeline.cache).toEqual({ hits: 1, misses: 2, tokens: 1, bytes })
})

test('answers synchronously for a cached token', async () => {
  const pipeline = pipelineWith()
  const token = fresh()
  // The first use fetches the keys.
  expect(pipeline.verify(token)).toBeInstanceOf(Promise)
  await outcomesOf(pipeline, token, token)
  expect(outcome(pipeline.verify(token) as Verified)).toBe('granted')
})

describe('a cached token is refused', () => {
  test('once it has expired, and its entry is removed', async () => {
    const pipeline = pipelineWith()
    const token = issuer.token({ aud, expiresIn: 60 })
    expect(await outcomesOf(pipeline, token, token, token)).toEqual([
      'granted',
      'granted',
      'granted from cache',
    ])
    issuer.clock.advance(65)
    expect(await outcomesOf(pipeline, token, token)).toEqual([
      'token_expired from cache',
      'token_expired',
    ])
    expect(pipeline.cache).toMatchObject({ tokens: 0, bytes: 0 })
  })

  test('if the clock goes back to before nbf', async () => {
    const pipeline = pipelineWith()
    const token = issuer.token({ aud, notBefore: 0 })
    expect(await outcomesOf(pipeline, token, token, token)).toEqual([
      'granted',
      'granted',
      'granted from cache',
    ])
    issuer.clock.jump(-60)
    expect(await outcomesOf(pipeline, token)).toEqual(['token_not_yet_valid from cache'])
    issuer.clock.jump(60)
    expect(await outcomesOf(pipeline, token)).toEqual(['granted from cache'])
  })

  test('if the clock goes back so far that maxLifetime is exceeded', async () => {
    const pipeline = pipelineWith({ maxLifetime: 300 })
    const token = issuer.token({ aud, expiresIn: 300, issuedAt: 0 })
    expect(await outcomesOf(pipeline, token, token)).toEqual(['granted', 'granted'])
    issuer.clock.jump(-120)
    expect(await outcomesOf(pipeline, token)).toEqual(['lifetime_too_long from cache'])
    issuer.clock.jump(120)
  })

  test('once its key is no longer in the key set', async () => {
    await using own = await startIssuer()
    const pipeline = pipelineWith({}, own)
    const token = own.token({ aud, expiresIn: 7200 })
    expect(await outcomesOf(pipeline, token, token, token)).toEqual([
      'granted',
      'granted',
      'granted from cache',
    ])
    own.rotateKeys({ overlap: false })
    own.clock.advance(601)
    await expect.poll(() => outcomesOf(pipeline, token)).toEqual(['key_not_found'])
  })

  test('under another key with the same kid', async () => {
    await using own = await startIssuer()
    const pipeline = pipelineWith({}, own)
    const token = own.token({ aud, expiresIn: 7200 })
    await outcomesOf(pipeline, token, token)
    const impostor = createSigningKey('ES256', own.key.kid)
    const policy = { ...optionsFor(own), jwks: { keys: [impostor.publicJwk] } }
    expect(await outcomesOf(pipelineWith(policy, own), token)).toEqual(['signature_invalid'])
  })

  test('by another instance with a stricter policy', async () => {
    const token = fresh()
    const [lax, strict] = [pipelineWith(), pipelineWith({ maxLifetime: 1 })]
    expect(await outcomesOf(lax, token, token, token)).toEqual([
      'granted',
      'granted',
      'granted from cache',
    ])
    expect(await outcomesOf(strict, token, token)).toEqual([
      'lifetime_too_long',
      'lifetime_too_long',
    ])
  })
})

test('checks the audience at each use', async () => {
  const pipeline = pipelineWith()
  const token = fresh()
  const both = issuer.token({ aud: [aud, 'other-service'] })
  await outcomesOf(pipeline, token, both, token, both)
  expect(outcome(await pipeline.verify(token, other))).toBe('audience_mismatch')
  expect(outcome(await pipeline.verify(token))).toBe('granted')
  expect(outcome(await pipeline.verify(both, other))).toBe('granted')
  expect(outcome(await pipeline.verify(both, audienceRule({ only: aud })))).toBe(
    'audience_mismatch',
  )
})

test.each([
  ['expired', () => issuer.token({ aud, expiresIn: -60 }), 'token_expired'],
  ['for another service', () => issuer.token({ aud: 'other-service' }), 'audience_mismatch'],
  ['changed', tampered, 'signature_invalid'],
  ['bound in an unknown way', () => fresh({ cnf: { kid: 'x' } }), 'binding_unsupported'],
  ['with a malformed actor', () => fresh({ act: 'admin' }), 'actor_malformed'],
])('does not cache a token that is %s', async (_what, make, code) => {
  const pipeline = pipelineWith()
  const token = make()
  expect(await outcomesOf(pipeline, token, token, token)).toEqual([code, code, code])
  expect(pipeline.cache).toMatchObject({ hits: 0, tokens: 0 })
})

function tampered(): string {
  const [header, , signature] = fresh().split('.')
  return `${header}.${fresh({ sub: 'admin' }).split('.')[1]}.${signature}`
}

test('does not confuse tokens that differ in one character', async () => {
  const pipeline = pipelineWith()
  const token = fresh()
  await outcomesOf(pipeline, token, token)
  for (let at = 0; at < token.length; at += 1) {
    const character = token[at] === 'A' ? 'B' : 'A'
    const twin = token.slice(0, at) + character + token.slice(at + 1)
    expect((await outcomesOf(pipeline, twin))[0]).not.toContain('granted')
  }
  // A lone surrogate becomes U+FFFD in the bytes that are hashed, and no token contains that.
  expect(await outcomesOf(pipeline, `${token}\ud800`, `\udfff${token}`)).toEqual([
    'token_malformed',
    'token_malformed',
  ])
})

test('keeps a token that is in use through a flood of valid tokens', async () => {
  const pipeline = pipelineWith({ cache: { maxTokens: 20 } })
  const used = fresh()
  await outcomesOf(pipeline, used, used)
  for (let at = 0; at < 100; at += 1) {
    const flood = fresh({ jti: String(at) })
    await outcomesOf(pipeline, flood, flood)
    if (at % 5 === 0) expect(await outcomesOf(pipeline, used)).toEqual(['granted from cache'])
    expect(pipeline.cache?.tokens).toBeLessThanOrEqual(20)
  }
})

test('keeps nothing of tokens that are used once', async () => {
  const pipeline = pipelineWith()
  for (let at = 0; at < 100; at += 1) await pipeline.verify(fresh({ jti: String(at) }))
  expect(pipeline.cache).toMatchObject({ hits: 0, tokens: 0, bytes: 0 })
})

test('stays within maxBytes', async () => {
  const pipeline = pipelineWith({ cache: { maxBytes: 65_536 } })
  for (let at = 0; at < 50; at += 1) {
    const large = fresh({ jti: String(at), padding: 'x'.repeat(2000) })
    await outcomesOf(pipeline, large, large)
    expect(pipeline.cache?.bytes).toBeLessThanOrEqual(65_536)
  }
  expect(pipeline.cache?.tokens).toBeGreaterThan(0)
})

test('counts the header, the claims, and the lists of a token', async () => {
  const pipeline = pipelineWith()
  const token = issuer.token({ aud: [aud, 'other-service'], scope: 'a bc' })
  await outcomesOf(pipeline, token, token)
  const [header, claims] = token
    .split('.', 2)
    .map((segment) => JSON.parse(Buffer.from(segment, 'base64url').toString()) as object)
  const size = new HeapSize()
  const { alg, kid, typ } = header as Readonly<Record<string, string>>
  const lists = 2 * 8 + size.of(['a', 'bc']) + size.of([]) + size.of([])
  const expected = 600 + size.of({ alg, kid, typ }) + size.of(claims) + lists
  expect(pipeline.cache?.bytes).toBe(expected)
})

test('counts the claims and actors of a token, but not its length', async () => {
  const bytesOf = async (claims: object): Promise<number> => {
    const pipeline = pipelineWith()
    const token = fresh(claims)
    await outcomesOf(pipeline, token, token)
    return pipeline.cache!.bytes
  }
  const plain = await bytesOf({})
  expect(plain).toBeGreaterThan(1000)
  expect(plain).toBeLessThan(3500)
  const member = 8 + 128 + 1
  const nothing = await bytesOf({ x: null })
  expect(nothing - plain).toBe(member)
  const empty = await bytesOf({ x: Array.from({ length: 1900 }, () => ({})) })
  expect(empty - nothing).toBe(48 + 1900 * (8 + 56))
  const actor = { sub: 'user-service' }
  const one = await bytesOf({ act: actor })
  const members = 56 + 8 + 32 + actor.sub.length
  expect(one - plain).toBe(64 + members + 128 + 128 + 3)
  expect((await bytesOf({ act: { ...actor, act: actor } })) - one).toBe(64 + members)
  expect((await bytesOf({ may_act: actor })) - one).toBeGreaterThan(members - 64)
})

test.each([
  ['a claim', { 30: 1 }],
  ['a claim of its actor', { act: { sub: 'user-service', 30: 1 } }],
  ['a claim of a prior actor', { act: { sub: 'a', act: { sub: 'b', 30: 1 } } }],
  ['a member of may_act', { may_act: { sub: 'user-service', 30: 1 } }],
])('does not cache a token with %s that is named like an index', async (_what, claims) => {
  const pipeline = pipelineWith()
  const token = fresh(claims)
  expect(await outcomesOf(pipeline, token, token, token)).toEqual(['granted', 'granted', 'granted'])
  expect(pipeline.cache).toMatchObject({ hits: 0, tokens: 0, bytes: 0 })
})

test('is off with cache: false', async () => {
  const pipeline = pipelineWith({ cache: false })
  const token = fresh()
  expect(await outcomesOf(pipeline, token, token, token)).toEqual(['granted', 'granted', 'granted'])
  expect(pipeline.cache).toBeUndefined()
})

test.each([
  null,
  1,
  'on',
  { maxTokens: 1 },
  { maxTokens: 2.5 },
  { maxBytes: 1 },
  { tokens: 5 },
  { maxTokens: undefined },
])('refuses cache: %o', (cache) => {
  expect(() => createVerifier({ ...optionsFor(issuer), cache: cache as never })).toThrow(
    expect.objectContaining({ name: 'ConfigError' }),
  )
})

test('returns tokens that cannot be modified for the next request', async () => {
  const verifier = createVerifier<{ deep: { list: string[] } }>(optionsFor(issuer))
  const token = fresh({ deep: { list: ['a'] }, act: { sub: 'user-service', roles: ['r'] } })
  const first = await verifier.verify(token)
  const changes = [
    () => ((first as { subject: string }).subject = 'admin'),
    () => (first.scopes as string[]).push('admin'),
    () => (first.audience as string[]).push('admin'),
    () => first.claims.deep.list.push('admin'),
    () => ((first.claims as Record<string, unknown>)['role'] = 'admin'),
    () => ((first.actor as { subject: string }).subject = 'admin'),
    () => (first.actor!.claims['roles'] as string[]).push('admin'),
    () => (first.priorActors as unknown[]).push('admin'),
  ]
  for (const change of changes) expect(change).toThrow(TypeError)
  const second = await verifier.verify(token)
  expect(second).not.toBe(first)
  expect(JSON.stringify(second)).not.toContain('admin')
})

test('verifies many copies of one token at the same time', async () => {
  const pipeline = pipelineWith()
  const token = fresh()
  const outcomes = await Promise.all(Array.from({ length: 64 }, async () => pipeline.verify(token)))
  expect(outcomes.map(outcome)).toEqual(outcomes.map(() => 'granted'))
  expect(pipeline.cache?.tokens).toBe(1)
})
