import { expect, test } from 'vitest'
import { withSetupHint } from '../../src/verify/setup-hints.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { Hint } from '../../src/options/profile.ts'
import { refuse } from '../../src/errors/refusal.ts'

const [a, b] = ['https://a.example.com', 'https://b.example.com']
const hint = (message: string, more: Partial<Hint> = {}): Hint => ({
  codes: ['claim_missing', 'audience_mismatch'],
  when: () => true,
  message,
  ...more,
})

/** The reason of a refusal after the hints of the issuers A and B were considered. */
function reasonWith(
  hints: { readonly a?: readonly Hint[]; readonly b?: readonly Hint[] },
  unverified?: Parameters<typeof withSetupHint>[1],
): string {
  const issuers = [
    { issuer: a, profile: { ...defaultProfile, hints: hints.a ?? [] } },
    { issuer: b, profile: { ...defaultProfile, hints: hints.b ?? [] } },
  ]
  const policy = createPolicy({ issuers, audience: 'x' }, 'verifier')
  return withSetupHint(refuse('claim_missing', 'why'), unverified, policy).reason
}

const header = { alg: 'ES256', kid: undefined, typ: 'at+jwt' }
const tokenOf = (iss: unknown) => ({ header, claims: { iss } })

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
  expect(received).toEqual([
    { typ: 'at+jwt', claims: { iss: a } },
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
  expect(withSetupHint(refusal, tokenOf(a), policy)).toEqual(
    refuse('audience_mismatch', 'why. Fix.', { scope: ['a'] }),
  )
  const other = refuse('token_expired', 'why')
  expect(withSetupHint(other, tokenOf(a), policy)).toBe(other)
})

test('accepts a profile without hints', () => {
  const { hints: _, ...profile } = defaultProfile
  const policy = createPolicy({ issuer: a, profile, audience: 'x' }, 'verifier')
  const refusal = refuse('claim_missing', 'why')
  expect(withSetupHint(refusal, tokenOf(a), policy)).toBe(refusal)
})
