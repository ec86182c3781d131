import { expect, test } from 'vitest'
import { claimRule } from '../../src/guards/claim.ts'

const other = "the claim 'tenant' has another value"
const none = "the token has no claim 'tenant'"

test.each<readonly [expected: readonly unknown[], claims: object, reason: string | undefined]>([
  [[], { tenant: null }, undefined],
  [[], {}, none],
  [['acme'], {}, none],
  [[() => true], {}, none],
  [['acme'], { tenant: 'acme' }, undefined],
  [['acme'], { tenant: 'Acme' }, other],
  [['acme'], { tenant: null }, other],
  [['acme'], { tenant: ['x', 'acme'] }, undefined],
  [['acme'], { tenant: [['acme']] }, other],
  [['acme'], { tenant: { 0: 'acme' } }, other],
  [[['a', 'acme']], { tenant: 'acme' }, undefined],
  [[['a', 'b']], { tenant: ['c'] }, other],
  [[['a', 'b']], { tenant: [] }, other],
  [[1], { tenant: 1 }, undefined],
  [[1], { tenant: '1' }, other],
  [[false], { tenant: false }, undefined],
  [[false], { tenant: true }, other],
  [[['a', 1, true]], { tenant: true }, undefined],
  [[(value: unknown) => value === 7], { tenant: 7 }, undefined],
  [[(value: unknown) => value === 7], { tenant: 8 }, other],
  [[() => 1], { tenant: 7 }, other],
])('expected %j, found %j: %s', (expected, claims, reason) => {
  const refusal = claimRule('tenant', expected)({ claims: { ...claims } })
  if (reason === undefined) expect(refusal).toBeUndefined()
  else expect(refusal).toMatchObject({ code: 'claim_not_accepted', reason })
})

test('a list that is changed later changes nothing', () => {
  const accepted = ['acme']
  const rule = claimRule('tenant', [accepted])
  accepted[0] = 'other'
  expect(rule({ claims: { tenant: 'acme' } })).toBeUndefined()
})

const noName = "requireClaim got no name. Write requireClaim('tenant', 'acme')."
const noValue =
  "requireClaim got an expectation that is no value, list of values or function. Write requireClaim('tenant', 'acme')."

test.each<readonly [name: unknown, expected: readonly unknown[], message: string]>([
  ['', [], noName],
  [undefined, [], noName],
  [['tenant'], [], noName],
  [
    'act',
    [],
    "requireClaim('act') would reach prior actors. Use requireActor: RFC 8693 section 4.1.",
  ],
  ['tenant', [undefined], noValue],
  ['tenant', [null], noValue],
  ['tenant', [{}], noValue],
  ['tenant', [[]], noValue],
  ['tenant', [['a', null]], noValue],
  ['tenant', [['a', ['b']]], noValue],
])('%j with %j dies where it is made', (name, expected, message) => {
  expect(() => claimRule(name, expected)).toThrow(message)
})
