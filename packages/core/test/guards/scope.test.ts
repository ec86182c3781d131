import { describe, expect, test } from 'vitest'
import { allScopesCheck, anyScopeCheck } from '../../src/guards/scope.ts'

const tokenWith = (...scopes: string[]) => ({
  scopes,
  hasScope: (scope: string) => scopes.includes(scope),
})

describe('the check of requireScope', () => {
  test.each([
    [['a'], ['a']],
    [
      ['a', 'b'],
      ['c', 'b', 'a'],
    ],
  ])('for the scopes %j accepts a token with %j', (required, has) => {
    expect(allScopesCheck(required)(tokenWith(...has))).toBeUndefined()
  })

  test.each([
    [['a', 'b', 'c'], ['a'], 'the token lacks b c; it has a'],
    [['a'], ['b', 'c'], 'the token lacks a; it has b c'],
    [['a'], [], 'the token lacks a; it has no scope'],
  ])('for the scopes %j refuses a token with %j: %s', (required, has, reason) => {
    expect(allScopesCheck(required)(tokenWith(...has))).toMatchObject({
      code: 'scope_insufficient',
      reason,
      detail: { scope: required },
    })
  })
})

describe('the check of requireAnyScope', () => {
  test.each([
    [['a'], ['a']],
    [['a', 'b'], ['b']],
  ])('for the scopes %j accepts a token with %j', (accepted, has) => {
    expect(anyScopeCheck(accepted)(tokenWith(...has))).toBeUndefined()
  })

  test.each([
    [['a', 'b'], ['c', 'd'], 'the token has none of a b; it has c d'],
    [['a'], [], 'the token has none of a; it has no scope'],
  ])('for the scopes %j refuses a token with %j: %s', (accepted, has, reason) => {
    expect(anyScopeCheck(accepted)(tokenWith(...has))).toMatchObject({
      code: 'scope_insufficient',
      reason,
      detail: { scope: accepted },
    })
  })
})

describe.each([
  ['requireScope', allScopesCheck],
  ['requireAnyScope', anyScopeCheck],
] as const)('%s', (guard, createCheck) => {
  test('does not change if the list of scopes changes later', () => {
    const scopes = ['a']
    const check = createCheck(scopes)
    scopes[0] = 'b'
    expect(check(tokenWith('a'))).toBeUndefined()
  })

  test('throws a ConfigError for an empty list', () => {
    expect(() => createCheck([])).toThrow(
      `${guard} needs at least one scope. Write ${guard}('orders:read').`,
    )
  })

  test.each([[['']], [['a', 'b c']], [[1]], [[['a']]]])(
    'throws a ConfigError for %j, which is not a list of scopes',
    (scopes) => {
      expect(() => createCheck(scopes)).toThrow(
        `${guard} accepts scopes only: printable ASCII without spaces, quotes, or backslashes (RFC 6749 section 3.3). Write ${guard}('orders:read').`,
      )
    },
  )
})
