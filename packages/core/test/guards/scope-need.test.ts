import { describe, expect, test } from 'vitest'
import { alternatives, metBy, namesOf, type ScopeNeed } from '../../src/guards/scope.ts'

const tokenWith = (...scopes: string[]) => ({
  hasScope: (scope: string) => scopes.includes(scope),
})

describe('namesOf', () => {
  test('returns every scope of a need', () => {
    expect(namesOf({ all: ['a', 'b'] })).toEqual(['a', 'b'])
    expect(namesOf({ any: ['b', 'c'] })).toEqual(['b', 'c'])
  })
})

describe('metBy', () => {
  test.each<readonly [need: ScopeNeed, has: readonly string[], by: readonly string[]]>([
    [{ all: ['a', 'b'] }, ['a', 'b', 'c'], ['a', 'b']],
    [{ any: ['a', 'b'] }, ['b'], ['b']],
    [{ any: ['a', 'b'] }, ['b', 'a'], ['a']],
    [{ any: ['a', 'b'] }, ['c'], []],
  ])('for the need %j and a token with the scopes %j returns %j', (need, has, by) => {
    expect(metBy(need, tokenWith(...has))).toEqual(by)
  })
})

describe('alternatives', () => {
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
  ])('for the needs %j returns the lists %j', (needs, lists) => {
    expect(alternatives(needs)).toEqual(lists)
  })
})
