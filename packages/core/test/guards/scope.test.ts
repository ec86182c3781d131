import { expect, test } from 'vitest'
import { allScopes, anyScope } from '../../src/guards/scope.ts'

const holding = (...scopes: string[]) => ({
  scopes,
  hasScope: (scope: string) => scopes.includes(scope),
})

test.each([
  [['a'], ['a'], undefined],
  [['a', 'b'], ['c', 'b', 'a'], undefined],
  [['a', 'b', 'c'], ['a'], 'the token lacks b c; it has a'],
  [['a'], ['b', 'c'], 'the token lacks a; it has b c'],
  [['a'], [], 'the token lacks a; it has no scope'],
])('all of %j, held %j: %s', (required, held, reason) => {
  const refusal = allScopes(required)(holding(...held))
  if (reason === undefined) expect(refusal).toBeUndefined()
  else
    expect(refusal).toMatchObject({
      ...{ code: 'scope_insufficient', reason, detail: { scope: required } },
    })
})

test.each([
  [['a'], ['a'], undefined],
  [['a', 'b'], ['b'], undefined],
  [['a', 'b'], ['c', 'd'], 'the token has none of a b; it has c d'],
  [['a'], [], 'the token has none of a; it has no scope'],
])('one of %j, held %j: %s', (required, held, reason) => {
  const refusal = anyScope(required)(holding(...held))
  if (reason === undefined) expect(refusal).toBeUndefined()
  else
    expect(refusal).toMatchObject({
      ...{ code: 'scope_insufficient', reason, detail: { scope: required } },
    })
})

test('a list that is changed later changes nothing', () => {
  const required = ['a']
  const rules = [allScopes(required), anyScope(required)]
  required[0] = 'b'
  expect(rules.map((rule) => rule(holding('a')))).toEqual([undefined, undefined])
})

test.each([[[]], [['']], [['a', 'b c']], [[1]], [[['a']]]])('%j is no scope', (scopes) => {
  for (const make of [allScopes, anyScope])
    expect(() => make(scopes)).toThrow(
      "A scope guard got no scope, or something that is no scope. Write requireScope('orders:read'): printable ASCII without spaces and quotes (RFC 6749 section 3.3).",
    )
})
