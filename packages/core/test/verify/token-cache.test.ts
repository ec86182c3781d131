import { createSigningKey, type TestIssuer } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { audienceRule } from '../../src/config/audience.ts'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { createJudge, type Judge, type Judgement } from '../../src/verify/pipeline.ts'
import { createPolicy, optionNames } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const other = audienceRule('other-service')
const fresh = (claims: object = {}): string =>
  issuer.token({ aud, expiresIn: 3600, claims: { ...claims } })

const judgeWith = (options: VerifierOptions = {}, of: TestIssuer = issuer): Judge =>
  createJudge(createPolicy({ ...optionsFor(of), ...options }, optionNames.verifier))

const outcome = ({ result }: Judgement): string =>
  result instanceof Refusal ? result.code : 'granted'

/** Judges tokens one after the other: what became of each, and whether it was remembered. */
async function ask(judge: Judge, ...tokens: readonly string[]): Promise<readonly string[]> {
  const answers: string[] = []
  for (const token of tokens) {
    const before = judge.cache?.hits ?? 0
    const answer = outcome(await judge.judge(token))
    answers.push((judge.cache?.hits ?? 0) > before ? `${answer} again` : answer)
  }
  return answers
}

test('a token that comes again is recognized, and says the same', async () => {
  const judge = judgeWith()
  const token = issuer.token({ aud, scope: 'a b', actors: ['user-service', 'web'] })
  const first = await judge.judge(token)
  await judge.judge(token)
  const second = await judge.judge(token)
  expect(second.result).toEqual(first.result)
  expect(second.identity).toEqual({ ...first.identity, cached: true })
  expect((second.result as { raw: string }).raw).toBe(token)
  const bytes = 1024 + 2 * token.length
  expect(judge.cache).toEqual({ hits: 1, misses: 2, tokens: 1, bytes })
})

test('it is judged at once, without a turn of the event loop', async () => {
  const judge = judgeWith()
  const token = fresh()
  // The keys are fetched first.
  expect(judge.judge(token)).toBeInstanceOf(Promise)
  await ask(judge, token, token)
  expect(outcome(judge.judge(token) as Judgement)).toBe('granted')
})

describe('never outlives', () => {
  test('the token: exp is judged at each use, and the entry goes with it', async () => {
    const judge = judgeWith()
    const token = issuer.token({ aud, expiresIn: 60 })
    expect(await ask(judge, token, token, token)).toEqual(['granted', 'granted', 'granted again'])
    issuer.clock.advance(65)
    expect(await ask(judge, token, token)).toEqual(['token_expired again', 'token_expired'])
    expect(judge.cache?.tokens).toBe(0)
  })

  test('the moment: a clock that goes back makes a token not yet valid', async () => {
    const judge = judgeWith()
    const token = issuer.token({ aud, notBefore: 0 })
    expect(await ask(judge, token, token, token)).toEqual(['granted', 'granted', 'granted again'])
    issuer.clock.jump(-60)
    expect(await ask(judge, token)).toEqual(['token_not_yet_valid again'])
    issuer.clock.jump(60)
    expect(await ask(judge, token)).toEqual(['granted again'])
  })

  test('maxLifetime, which counts from now', async () => {
    const judge = judgeWith({ maxLifetime: 300 })
    const token = issuer.token({ aud, expiresIn: 300, issuedAt: 0 })
    expect(await ask(judge, token, token)).toEqual(['granted', 'granted'])
    issuer.clock.jump(-120)
    expect(await ask(judge, token)).toEqual(['lifetime_too_long again'])
    issuer.clock.jump(120)
  })

  test('the key: once the key set is without it, the token is refused', async () => {
    await using own = await startIssuer()
    const judge = judgeWith({}, own)
    const token = own.token({ aud, expiresIn: 7200 })
    expect(await ask(judge, token, token, token)).toEqual(['granted', 'granted', 'granted again'])
    own.rotateKeys({ overlap: false })
    own.clock.advance(601)
    await expect.poll(() => ask(judge, token)).toEqual(['key_not_found'])
  })

  test('the key: another one of the same name is another one', async () => {
    await using own = await startIssuer()
    const judge = judgeWith({}, own)
    const token = own.token({ aud, expiresIn: 7200 })
    await ask(judge, token, token)
    const impostor = createSigningKey('ES256', own.key.kid)
    const policy = { ...optionsFor(own), jwks: { keys: [impostor.publicJwk] } }
    expect(await ask(judgeWith(policy, own), token)).toEqual(['signature_invalid'])
  })

  test('the policy: each instance remembers for itself', async () => {
    const token = fresh()
    const [lax, strict] = [judgeWith(), judgeWith({ maxLifetime: 1 })]
    expect(await ask(lax, token, token, token)).toEqual(['granted', 'granted', 'granted again'])
    expect(await ask(strict, token, token)).toEqual(['lifetime_too_long', 'lifetime_too_long'])
  })
})

test('audience is judged at each use, in both directions', async () => {
  const judge = judgeWith()
  const token = fresh()
  const both = issuer.token({ aud: [aud, 'other-service'] })
  await ask(judge, token, both, token, both)
  expect(outcome(await judge.judge(token, other))).toBe('audience_mismatch')
  expect(outcome(await judge.judge(token))).toBe('granted')
  expect(outcome(await judge.judge(both, other))).toBe('granted')
  expect(outcome(await judge.judge(both, audienceRule({ only: aud })))).toBe('audience_mismatch')
})

test.each([
  ['expired', () => issuer.token({ aud, expiresIn: -60 }), 'token_expired'],
  ['for another service', () => issuer.token({ aud: 'other-service' }), 'audience_mismatch'],
  ['changed', tampered, 'signature_invalid'],
  ['bound to a key', () => fresh({ cnf: { jkt: 'x' } }), 'binding_unsupported'],
  ['with a malformed actor', () => fresh({ act: 'admin' }), 'actor_malformed'],
])('a token that is %s is not remembered', async (_what, make, code) => {
  const judge = judgeWith()
  const token = make()
  expect(await ask(judge, token, token, token)).toEqual([code, code, code])
  expect(judge.cache).toMatchObject({ hits: 0, tokens: 0 })
})

function tampered(): string {
  const [header, , signature] = fresh().split('.')
  return `${header}.${fresh({ sub: 'admin' }).split('.')[1]}.${signature}`
}

test('a token that differs in one character is another token', async () => {
  const judge = judgeWith()
  const token = fresh()
  await ask(judge, token, token)
  for (let at = 0; at < token.length; at += 1) {
    const character = token[at] === 'A' ? 'B' : 'A'
    const twin = token.slice(0, at) + character + token.slice(at + 1)
    expect((await ask(judge, twin))[0]).not.toContain('granted')
  }
  // What UTF-8 cannot spell becomes U+FFFD in the bytes that are hashed, and no token has that.
  expect(await ask(judge, `${token}\ud800`, `\udfff${token}`)).toEqual([
    'token_malformed',
    'token_malformed',
  ])
})

test('half of the memory is kept through a flood of valid tokens', async () => {
  const judge = judgeWith({ cache: { maxTokens: 20 } })
  const used = fresh()
  await ask(judge, used, used)
  for (let at = 0; at < 100; at += 1) {
    const flood = fresh({ jti: String(at) })
    await ask(judge, flood, flood)
    if (at % 5 === 0) expect(await ask(judge, used)).toEqual(['granted again'])
    expect(judge.cache?.tokens).toBeLessThanOrEqual(20)
  }
})

test('a flood of tokens that come once takes no memory', async () => {
  const judge = judgeWith()
  for (let at = 0; at < 100; at += 1) await judge.judge(fresh({ jti: String(at) }))
  expect(judge.cache).toMatchObject({ hits: 0, tokens: 0, bytes: 0 })
})

test('bytes are bounded as well', async () => {
  const judge = judgeWith({ cache: { maxBytes: 65_536 } })
  for (let at = 0; at < 50; at += 1) {
    const large = fresh({ jti: String(at), padding: 'x'.repeat(2000) })
    await ask(judge, large, large)
    expect(judge.cache?.bytes).toBeLessThanOrEqual(65_536)
  }
  expect(judge.cache?.tokens).toBeGreaterThan(0)
})

test('false turns it off', async () => {
  const judge = judgeWith({ cache: false })
  const token = fresh()
  expect(await ask(judge, token, token, token)).toEqual(['granted', 'granted', 'granted'])
  expect(judge.cache).toBeUndefined()
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
])('cache: %o is a ConfigError', (cache) => {
  expect(() => createVerifier({ ...optionsFor(issuer), cache: cache as never })).toThrow(
    expect.objectContaining({ name: 'ConfigError' }),
  )
})

test('what a remembered token says cannot be changed for whoever comes next', async () => {
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

test('many of the same token at once are all judged', async () => {
  const judge = judgeWith()
  const token = fresh()
  const outcomes = await Promise.all(Array.from({ length: 64 }, async () => judge.judge(token)))
  expect(outcomes.map(outcome)).toEqual(outcomes.map(() => 'granted'))
  expect(judge.cache?.tokens).toBe(1)
})
