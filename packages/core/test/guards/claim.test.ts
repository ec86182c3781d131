import { describe, expect, test } from 'vitest'
import { claimCheck } from '../../src/guards/claim.ts'

const absent = "the token has no claim 'tenant'"
const notAccepted = "the value of the claim 'tenant' is not accepted"

function isSeven(value: unknown): boolean {
  return value === 7
}

function returnsTrue(): boolean {
  return true
}

function returnsOne(): number {
  return 1
}

describe('the check of requireClaim', () => {
  test.each<readonly [expected: readonly unknown[], claims: object]>([
    [[], { tenant: null }],
    [['acme'], { tenant: 'acme' }],
    [['acme'], { tenant: ['x', 'acme'] }],
    [[['a', 'acme']], { tenant: 'acme' }],
    [[1], { tenant: 1 }],
    [[false], { tenant: false }],
    [[['a', 1, true]], { tenant: true }],
    [[isSeven], { tenant: 7 }],
  ])('accepts, with the rule %o, the claims %j', (expected, claims) => {
    expect(claimCheck('tenant', expected)({ claims: { ...claims } })).toBeUndefined()
  })

  test.each<readonly [expected: readonly unknown[], claims: object, reason: string]>([
    [[], {}, absent],
    [['acme'], {}, absent],
    [[returnsTrue], {}, absent],
    [['acme'], { tenant: 'Acme' }, notAccepted],
    [['acme'], { tenant: null }, notAccepted],
    [['acme'], { tenant: [['acme']] }, notAccepted],
    [['acme'], { tenant: { 0: 'acme' } }, notAccepted],
    [[['a', 'b']], { tenant: ['c'] }, notAccepted],
    [[['a', 'b']], { tenant: [] }, notAccepted],
    [[1], { tenant: '1' }, notAccepted],
    [[false], { tenant: true }, notAccepted],
    [[isSeven], { tenant: 8 }, notAccepted],
    [[returnsOne], { tenant: 7 }, notAccepted],
  ])('refuses, with the rule %o, the claims %j: %s', (expected, claims, reason) => {
    expect(claimCheck('tenant', expected)({ claims: { ...claims } })).toMatchObject({
      code: 'claim_not_accepted',
      reason,
      detail: { claim: 'tenant' },
    })
  })

  test('does not change if the list of values changes later', () => {
    const accepted = ['acme']
    const check = claimCheck('tenant', [accepted])
    accepted[0] = 'other'
    expect(check({ claims: { tenant: 'acme' } })).toBeUndefined()
  })
})

describe('requireClaim throws a ConfigError', () => {
  const fix = "Write requireClaim('tenant', 'acme')."
  const noName = `requireClaim needs the name of a claim, as a non-empty string. ${fix}`
  const act =
    "requireClaim('act') is not allowed: prior actors must not affect access (RFC 8693 section 4.1). Use requireActor."
  const invalidRule = `The expected value of requireClaim must be a string, a number, a boolean, a non-empty list of these, or a function. ${fix}`

  test.each<readonly [name: unknown, expected: readonly unknown[], message: string]>([
    ['', [], noName],
    [undefined, [], noName],
    [['tenant'], [], noName],
    ['act', [], act],
    ['tenant', [undefined], invalidRule],
    ['tenant', [null], invalidRule],
    ['tenant', [{}], invalidRule],
    ['tenant', [[]], invalidRule],
    ['tenant', [['a', null]], invalidRule],
    ['tenant', [['a', ['b']]], invalidRule],
  ])('for the name %j with the rule %j: %s', (name, expected, message) => {
    expect(() => claimCheck(name, expected)).toThrow(message)
  })
})
