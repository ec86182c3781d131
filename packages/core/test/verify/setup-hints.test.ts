import { describe, expect, test, vi } from 'vitest'
import { withClockHint, withSetupHint } from '../../src/verify/setup-hints.ts'
import { createPolicy, type Policy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { Hint } from '../../src/options/profile.ts'
import type { Code } from '../../src/errors/codes.ts'
import { refuse } from '../../src/errors/refusal.ts'

const [a, b] = ['https://a.example.com', 'https://b.example.com']
const hint = (message: string, more: Partial<Hint> = {}): Hint => ({
  codes: ['claim_missing', 'audience_mismatch'],
  when: () => true,
  message,
  ...more,
})

type Parsed = Parameters<typeof withSetupHint>[1]['parsed']

/** The reason of a refusal after the hints of the issuers A and B were considered. */
function reasonWith(
  hints: { readonly a?: readonly Hint[]; readonly b?: readonly Hint[] },
  parsed?: Parsed,
  jwt: unknown = 'eyJ.e30.AA',
): string {
  const issuers = [
    { issuer: a, profile: { ...defaultProfile, hints: hints.a ?? [] } },
    { issuer: b, profile: { ...defaultProfile, hints: hints.b ?? [] } },
  ]
  const policy = createPolicy({ issuers, audience: 'x' }, 'verifier')
  return withSetupHint(refuse('claim_missing', 'why'), { parsed, jwt }, policy).reason
}

const header = { alg: 'ES256', kid: undefined, typ: 'at+jwt' }
const tokenOf = (iss: unknown) => ({ header, claims: { iss } })
const parsedAs = (iss: unknown) => ({ parsed: tokenOf(iss), jwt: 'eyJ.e30.AA' })

test('uses the hints of the issuer, or of all issuers if it is unknown', () => {
  const hints = { a: [], b: [hint('Fix B.')] }
  expect(reasonWith(hints, tokenOf(b))).toBe('why. Fix B.')
  expect(reasonWith(hints, tokenOf(a))).toBe('why')
  expect(reasonWith(hints, tokenOf('https://c.example.com'))).toBe('why. Fix B.')
  expect(reasonWith(hints, tokenOf(undefined))).toBe('why. Fix B.')
  expect(reasonWith(hints)).toBe('why. Fix B.')
})

test('uses the first hint that applies', () => {
  const not = hint('Not this.', { when: () => false })
  const elsewhere = hint('Not here.', { codes: ['token_expired'] })
  expect(reasonWith({ a: [not, elsewhere, hint('First.'), hint('Second.')] }, tokenOf(a))).toBe(
    'why. First.',
  )
})

test.each<readonly [what: string, when: () => unknown]>([
  ['returns 1', () => 1],
  [
    'throws',
    () => {
      throw new Error('a bug in a profile')
    },
  ],
])('ignores a hint whose function %s', (_what, when) => {
  expect(reasonWith({ a: [hint('Not this.', { when: when as () => boolean })] }, tokenOf(a))).toBe(
    'why',
  )
})

test('passes the type and the claims to the hint, or none if the token cannot be parsed', () => {
  const received: unknown[] = []
  const when = (token: unknown): boolean => received.push(token) === 0
  reasonWith({ a: [hint('x', { when })] }, tokenOf(a))
  reasonWith({ a: [hint('x', { when })] })
  reasonWith({ a: [hint('x', { when })] }, undefined, 'ory_at_secret.mac')
  reasonWith({ a: [hint('x', { when })] }, undefined, 'a.b.c.d.e')
  reasonWith({ a: [hint('x', { when })] }, undefined, 'undefined')
  expect(received).toEqual([
    { typ: 'at+jwt', claims: { iss: a } },
    { typ: undefined, claims: {} },
    { typ: undefined, claims: {}, opaque: true },
    { typ: undefined, claims: {}, opaque: true },
    { typ: undefined, claims: {} },
  ])
})

test('does not change the code and the details of the refusal', () => {
  const policy = createPolicy(
    {
      issuer: { issuer: a, profile: { ...defaultProfile, hints: [hint('Fix.')] } },
      audience: 'x',
    },
    'verifier',
  )
  const refusal = refuse('audience_mismatch', 'why', { scope: ['a'] })
  expect(withSetupHint(refusal, parsedAs(a), policy)).toEqual(
    refuse('audience_mismatch', 'why. Fix.', { scope: ['a'] }),
  )
  const other = refuse('token_expired', 'why')
  expect(withSetupHint(other, parsedAs(a), policy)).toBe(other)
})

test('adds nothing to a reason that already says what to do', () => {
  const options = { issuer: a, profile: { ...defaultProfile, hints: [hint('Fix.')] } }
  const policy = createPolicy({ ...options, audience: 'x' }, 'verifier')
  const refusal = refuse('audience_mismatch', 'why. Do this', { explained: true })
  expect(withSetupHint(refusal, parsedAs(a), policy)).toBe(refusal)
})

test('adds the hint about an empty aud for every profile, after the hints of the profile', () => {
  const reasonFor = (hints: readonly Hint[]): string => {
    const options = { issuer: a, profile: { ...defaultProfile, hints }, audience: 'x' }
    const token = { parsed: { header, claims: { iss: a, aud: [] } }, jwt: 'eyJ.e30.AA' }
    const refusal = refuse('audience_mismatch', 'why')
    return withSetupHint(refusal, token, createPolicy(options, 'verifier')).reason
  }
  expect(reasonFor([])).toContain('why. aud is an empty list')
  expect(reasonFor([hint('Fix.')])).toBe('why. Fix.')
})

test('accepts a profile without hints', () => {
  const { hints: _, ...profile } = defaultProfile
  const policy = createPolicy({ issuer: a, profile, audience: 'x' }, 'verifier')
  const refusal = refuse('claim_missing', 'why')
  expect(withSetupHint(refusal, parsedAs(a), policy)).toBe(refusal)
  expect(withSetupHint(refusal, parsedAs(b), policy)).toBe(refusal)
})

test('looks at the hints of a profile, and at all issuers, once', () => {
  let reads = 0
  const profile = {
    ...defaultProfile,
    get hints() {
      reads += 1
      return []
    },
  }
  const issuers = new Map([[a, { profile }]])
  const values = vi.spyOn(issuers, 'values')
  const policy = { issuers } as unknown as Policy
  for (const iss of [a, a, b, b])
    withSetupHint(refuse('claim_missing', 'why'), parsedAs(iss), policy)
  // Once for the issuer, and once for all of them.
  expect(reads).toBe(2)
  expect(values).toHaveBeenCalledOnce()
})

describe('a refusal because of the time, and a clock that is ahead of that of the server by', () => {
  const clockHint = (seconds: number, where: string): string =>
    `. This process's clock is ${seconds} s ${where} the authorization server's clock`

  test.each<readonly [skew: number | undefined, code: Code, hint: string]>([
    [5, 'token_expired', clockHint(5, 'ahead of')],
    [60.4, 'token_expired', clockHint(60, 'ahead of')],
    [4, 'token_expired', ''],
    [-60, 'token_expired', ''],
    [undefined, 'token_expired', ''],
    [-5, 'token_not_yet_valid', clockHint(5, 'behind')],
    [-4, 'token_not_yet_valid', ''],
    [60, 'token_not_yet_valid', ''],
    [60, 'audience_mismatch', ''],
    [undefined, 'audience_mismatch', ''],
  ])('%j s: %s gets the hint %j', (skew, code, text) => {
    const refusal = refuse(code, 'why', { claim: 'exp' })
    const found = withClockHint(refusal, skew)
    expect(found).toEqual(refuse(code, `why${text}`, { claim: 'exp' }))
    expect(found === refusal).toBe(text === '')
  })
})
