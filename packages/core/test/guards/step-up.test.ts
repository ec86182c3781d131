import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { createPolicy } from '../../src/config/policy.ts'
import { type StepUp, stepUpCheck } from '../../src/guards/step-up.ts'

// A fixed time, because it is part of test titles.
const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const now = clock.now() / 1000
const policy = createPolicy({ issuer: 'https://as.example.com', audience: 'a', clock }, 'verifier')
const run = (requirement: StepUp, claims: object) =>
  stepUpCheck(requirement, policy)({ claims: { iat: now, ...claims } })

describe('the check of requireStepUp', () => {
  test.each<readonly [requirement: StepUp, claims: object]>([
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
  ])('for %j accepts the claims %j', (requirement, claims) => {
    expect(run(requirement, claims)).toBeUndefined()
  })

  const expected = 'expected one of ["mfa"]'

  test.each<readonly [requirement: StepUp, claims: object, reason: string]>([
    [{ acr: 'mfa' }, {}, `the token has no acr, ${expected}`],
    [{ acr: ['mfa', 'hwk'] }, {}, 'the token has no acr, expected one of ["mfa", "hwk"]'],
    [{ acr: 'mfa' }, { acr: 'pwd' }, `acr is "pwd", ${expected}`],
    [{ acr: 'mfa' }, { acr: 'x'.repeat(999) }, `acr is "${'x'.repeat(123)}"..., ${expected}`],
    [{ acr: 'mfa' }, { acr: ['mfa'] }, `acr is not a string, ${expected}`],
    [{ acr: 'mfa' }, { acr: null }, `acr is not a string, ${expected}`],
    [{ maxAge: 60 }, {}, 'the token has no auth_time; maxAge is 60 s'],
    [{ maxAge: 60 }, { auth_time: `${now}` }, 'the token has no auth_time; maxAge is 60 s'],
    [{ maxAge: 60 }, { auth_time: now + 5.5 }, 'auth_time is after iat'],
    [
      { maxAge: 60 },
      { auth_time: now - 65.6 },
      'the user authenticated 66 s ago (auth_time); maxAge is 60 s',
    ],
    [
      { acr: 'mfa', maxAge: 60 },
      { acr: 'mfa', auth_time: now - 99 },
      'the user authenticated 99 s ago (auth_time); maxAge is 60 s',
    ],
    [{ acr: 'mfa', maxAge: 60 }, { acr: 'pwd', auth_time: now - 99 }, `acr is "pwd", ${expected}`],
  ])('for %j refuses the claims %j: %s', (requirement, claims, reason) => {
    expect(run(requirement, claims)).toMatchObject({ code: 'authentication_insufficient', reason })
  })

  test('does not change if the list of acr values changes later', () => {
    const acr = ['mfa']
    const check = stepUpCheck({ acr }, policy)
    acr[0] = 'pwd'
    expect(check({ claims: { acr: 'mfa' } })).toBeUndefined()
  })
})

describe('the challenge of requireStepUp', () => {
  test.each<readonly [requirement: StepUp, detail: object]>([
    [{ acr: 'mfa' }, { acrValues: ['mfa'], claim: 'acr' }],
    [{ acr: ['mfa', 'hwk'] }, { acrValues: ['mfa', 'hwk'], claim: 'acr' }],
    [{ maxAge: 0 }, { maxAge: 0, claim: 'auth_time' }],
    [
      { acr: 'mfa', maxAge: 60 },
      { acrValues: ['mfa'], maxAge: 60, claim: 'acr' },
    ],
  ])('for %j is built from exactly %j', (requirement, detail) => {
    expect(run(requirement, {})?.detail).toStrictEqual(detail)
  })
})

describe('requireStepUp throws a ConfigError', () => {
  test.each([
    undefined,
    null,
    'mfa',
    {},
    { acr: undefined },
    { acr: undefined, maxAge: 60 },
    { acr: 'mfa', maxAge: undefined },
    { acr: '' },
    { acr: [] },
    { acr: ['mfa', 1] },
    { acr: 1 },
    { acr: 'a b' },
    { acr: ' a' },
    { acr: 'a ' },
    { acr: 'a"' },
    { acr: 'a\\' },
    { acr: 'ä' },
    { maxAge: -1 },
    { maxAge: 0.5 },
    { maxAge: NaN },
    { maxAge: '60' },
    { maxAge: 2 ** 60 },
    { acr: 'a', maxage: 1 },
    { acr: { length: 1 } },
  ])('for %o', (requirement) => {
    expect(() => stepUpCheck(requirement as StepUp, policy)).toThrow(
      "requireStepUp needs acr (a value or a non-empty list), maxAge (whole seconds), or both. Write requireStepUp({ acr: 'mfa', maxAge: 300 }).",
    )
  })
})
