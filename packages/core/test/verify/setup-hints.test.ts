import { expect, test } from 'vitest'
import { withSetupHint } from '../../src/verify/setup-hints.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { Hint } from '../../src/options/profile.ts'
import { refuse } from '../../src/errors/refusal.ts'

const [a, b] = ['https://a.example.com', 'https://b.example.com']
const hint = (message: string, more: Partial<Hint> = {}): Hint => ({
  ...{ codes: ['claim_missing', 'audience_mismatch'], when: () => true, message },
  ...more,
})

/** The reason after advice by these hints of the issuers A and B. */
function advised(
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
const of = (iss: unknown) => ({ header, claims: { iss } })

test("the issuer's own hints count, and all where it is unknown", () => {
  const hints = { a: [], b: [hint('Mend B.')] }
  expect(advised(hints, of(b))).toBe('why. Mend B.')
  expect(advised(hints, of(a))).toBe('why')
  expect(advised(hints, of('https://c.example.com'))).toBe('why. Mend B.')
  expect(advised(hints, of(undefined))).toBe('why. Mend B.')
  expect(advised(hints)).toBe('why. Mend B.')
})

test('the first hint that holds counts', () => {
  const no = hint('Not this.', { when: () => false })
  const elsewhere = hint('Not here.', { codes: ['token_expired'] })
  expect(advised({ a: [no, elsewhere, hint('First.'), hint('Second.')] }, of(a))).toBe(
    'why. First.',
  )
})

test.each<readonly [what: string, when: () => unknown]>([
  ['1', () => 1],
  [
    'what it throws',
    () => {
      throw new Error('a bug in a profile')
    },
  ],
])('%s is no yes', (_what, when) => {
  expect(advised({ a: [hint('Not this.', { when: when as () => boolean })] }, of(a))).toBe('why')
})

test('a hint sees the type and the claims, or none', () => {
  const seen: unknown[] = []
  const when = (token: unknown): boolean => seen.push(token) === 0
  advised({ a: [hint('x', { when })] }, of(a))
  advised({ a: [hint('x', { when })] })
  expect(seen).toEqual([
    { typ: 'at+jwt', claims: { iss: a } },
    { typ: undefined, claims: {} },
  ])
})

test('what the caller is told stays the same', () => {
  const policy = createPolicy(
    {
      issuer: { issuer: a, profile: { ...defaultProfile, hints: [hint('Mend.')] } },
      audience: 'x',
    },
    'verifier',
  )
  const refusal = refuse('audience_mismatch', 'why', { scope: ['a'] })
  expect(withSetupHint(refusal, of(a), policy)).toEqual(
    refuse('audience_mismatch', 'why. Mend.', { scope: ['a'] }),
  )
  const other = refuse('token_expired', 'why')
  expect(withSetupHint(other, of(a), policy)).toBe(other)
})

test('a profile may have no hints', () => {
  const { hints: _, ...profile } = defaultProfile
  const policy = createPolicy({ issuer: a, profile, audience: 'x' }, 'verifier')
  const refusal = refuse('claim_missing', 'why')
  expect(withSetupHint(refusal, of(a), policy)).toBe(refusal)
})
