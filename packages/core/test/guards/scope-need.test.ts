import { expect, test } from 'vitest'
import { alternatives, metBy, namesOf, type ScopeNeed } from '../../src/guards/scope.ts'

const holding = (...scopes: string[]) => ({ hasScope: (scope: string) => scopes.includes(scope) })

test('every scope that is named', () => {
  expect(namesOf({ all: ['a', 'b'] })).toEqual(['a', 'b'])
  expect(namesOf({ any: ['b', 'c'] })).toEqual(['b', 'c'])
})

test.each<readonly [need: ScopeNeed, held: readonly string[], by: readonly string[]]>([
  [{ all: ['a', 'b'] }, ['a', 'b', 'c'], ['a', 'b']],
  [{ any: ['a', 'b'] }, ['b'], ['b']],
  [{ any: ['a', 'b'] }, ['b', 'a'], ['a']],
  [{ any: ['a', 'b'] }, ['c'], []],
])('%j is met by %j through %j', (need, held, by) => {
  expect(metBy(need, holding(...held))).toEqual(by)
})

test.each<readonly [needs: readonly ScopeNeed[], lists: readonly (readonly string[])[]]>([
  [[], [[]]],
  [[{ all: ['a', 'b'] }], [['a', 'b']]],
  [[{ any: ['a', 'b'] }], [['a'], ['b']]],
  [[{ all: ['a'] }, { all: ['b', 'a'] }], [['a', 'b']]],
  [
    [{ all: ['a'] }, { any: ['b', 'c'] }],
    [
      ['a', 'b'],
      ['a', 'c'],
    ],
  ],
  [
    [{ any: ['a', 'b'] }, { any: ['b', 'c'] }],
    [['a', 'b'], ['a', 'c'], ['b'], ['b', 'c']],
  ],
])('one of the lists is enough: %j', (needs, lists) => {
  expect(alternatives(needs)).toEqual(lists)
})
