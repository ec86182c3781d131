import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { createPolicy } from '../../src/config/policy.ts'
import { type StepUp, stepUpRule } from '../../src/guards/step-up.ts'

// Fixed, for it is in the names of tests.
const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const now = clock.now() / 1000
const policy = createPolicy({ issuer: 'https://as.example.com', audience: 'a', clock }, 'verifier')
const judge = (wanted: StepUp, claims: object) =>
  stepUpRule(wanted, policy)({ claims: { iat: now, ...claims } })

test.each<readonly [wanted: StepUp, claims: object]>([
  [{ acr: 'mfa' }, { acr: 'mfa' }],
  [{ acr: ['mfa', 'hwk'] }, { acr: 'hwk' }],
  [{ acr: '!#[]~' }, { acr: '!#[]~' }],
  [{ maxAge: 60 }, { auth_time: now - 65 }],
  [{ maxAge: 60 }, { auth_time: now + 5 }],
  [{ maxAge: 60 }, { auth_time: now + 65, iat: now + 60 }],
  [{ maxAge: 0 }, { auth_time: now - 5 }],
  [
    { acr: 'mfa', maxAge: 60 },
    { acr: 'mfa', auth_time: now },
  ],
])('%j is met by %j', (wanted, claims) => {
  expect(judge(wanted, claims)).toBeUndefined()
})

const wish = 'this route wants one of mfa'

test.each<readonly [wanted: StepUp, claims: object, reason: string]>([
  [{ acr: 'mfa' }, {}, `the token has no acr; ${wish}`],
  [{ acr: ['mfa', 'hwk'] }, {}, `the token has no acr; ${wish} hwk`],
  [{ acr: 'mfa' }, { acr: 'pwd' }, `acr is "pwd"; ${wish}`],
  [{ acr: 'mfa' }, { acr: 'x'.repeat(999) }, `acr is "${'x'.repeat(128)}"; ${wish}`],
  [{ acr: 'mfa' }, { acr: ['mfa'] }, `acr is no string; ${wish}`],
  [{ acr: 'mfa' }, { acr: null }, `acr is no string; ${wish}`],
  [{ maxAge: 60 }, {}, 'the token has no auth_time; this route wants a sign-in of the last 60 s'],
  [
    { maxAge: 60 },
    { auth_time: `${now}` },
    'the token has no auth_time; this route wants a sign-in of the last 60 s',
  ],
  [{ maxAge: 60 }, { auth_time: now + 5.5 }, 'auth_time is after iat'],
  [
    { maxAge: 60 },
    { auth_time: now - 65.6 },
    'the sign-in (auth_time) is 66 s old; this route wants 60 s or less',
  ],
  [
    { acr: 'mfa', maxAge: 60 },
    { acr: 'mfa', auth_time: now - 99 },
    'the sign-in (auth_time) is 99 s old; this route wants 60 s or less',
  ],
  [{ acr: 'mfa', maxAge: 60 }, { acr: 'pwd', auth_time: now - 99 }, `acr is "pwd"; ${wish}`],
])('%j is not met by %j: %s', (wanted, claims, reason) => {
  expect(judge(wanted, claims)).toMatchObject({ code: 'authentication_insufficient', reason })
})

describe('the challenge names all that is asked for, and nothing else', () => {
  test.each<readonly [wanted: StepUp, detail: object]>([
    [{ acr: 'mfa' }, { acrValues: ['mfa'] }],
    [{ acr: ['mfa', 'hwk'] }, { acrValues: ['mfa', 'hwk'] }],
    [{ maxAge: 0 }, { maxAge: 0 }],
    [
      { acr: 'mfa', maxAge: 60 },
      { acrValues: ['mfa'], maxAge: 60 },
    ],
  ])('%j', (wanted, detail) => {
    expect(judge(wanted, {})?.detail).toStrictEqual(detail)
  })

  test('though the list is changed later', () => {
    const acr = ['mfa']
    const rule = stepUpRule({ acr }, policy)
    acr[0] = 'pwd'
    expect(rule({ claims: { acr: 'mfa' } })).toBeUndefined()
  })
})

test.each([
  ...[undefined, null, 'mfa', {}, { acr: undefined }, { acr: undefined, maxAge: 60 }],
  ...[{ acr: 'mfa', maxAge: undefined }, { acr: '' }, { acr: [] }, { acr: ['mfa', 1] }, { acr: 1 }],
  ...[{ acr: 'a b' }, { acr: ' a' }, { acr: 'a ' }, { acr: 'a"' }, { acr: 'a\\' }, { acr: 'ä' }],
  ...[{ maxAge: -1 }, { maxAge: 0.5 }, { maxAge: NaN }, { maxAge: '60' }, { maxAge: 2 ** 60 }],
  ...[{ acr: 'a', maxage: 1 }, { acr: { length: 1 } }],
])('%o dies where the guard is made', (wanted) => {
  expect(() => stepUpRule(wanted as StepUp, policy)).toThrow(
    "requireStepUp got something else than acr (one or several) and maxAge (whole seconds). Write requireStepUp({ acr: 'mfa', maxAge: 300 }).",
  )
})
