import { expect, test } from 'vitest'
import { readNames } from '../../src/token/claim-path.ts'
import type { ClaimPath } from '../../src/options/profile.ts'

type Names = readonly string[] | undefined
const roles: ClaimPath = { path: ['roles'] }
const realm: ClaimPath = { path: ['realm', 'roles'] }
const keys: ClaimPath = { path: ['roles'], format: 'keys' }

test.each<readonly [places: readonly ClaimPath[], claims: Record<string, unknown>, names: Names]>([
  [[], { roles: ['a'] }, []],
  [[roles], { roles: ['a', 'b', 'a'] }, ['a', 'b']],
  [[roles], { roles: 'a b' }, ['a b']],
  [[roles], { roles: [] }, []],
  [[roles], {}, []],
  [[realm], { realm: { roles: ['a'] } }, ['a']],
  [[realm], { realm: {} }, []],
  [[realm], {}, []],
  [[roles, realm], { roles: ['a', 'b'], realm: { roles: ['b', 'c'] } }, ['a', 'b', 'c']],
  [[keys], { roles: { a: 1, b: null } }, ['a', 'b']],
  [[keys], {}, []],
  [[{ path: ['toString'] }], {}, []],
  // malformed
  [[roles], { roles: null }, undefined],
  [[roles], { roles: ['a', 1] }, undefined],
  [[roles], { roles: { a: 1 } }, undefined],
  [[keys], { roles: ['a'] }, undefined],
  [[keys], { roles: 'a' }, undefined],
  [[realm], { realm: 'x' }, undefined],
  [[realm], { realm: null }, undefined],
  [[realm], { realm: [] }, undefined],
  [[roles, realm], { roles: ['a'], realm: [] }, undefined],
])('%j of %j: %j', (places, claims, names) => {
  expect(readNames(claims, places)).toEqual(names)
})
