import { describe, expect, test } from 'vitest'
import { readNames } from '../../src/token/claim-path.ts'
import type { ClaimPath } from '../../src/options/profile.ts'

type Names = readonly string[]
const roles: ClaimPath = { path: ['roles'] }
const realmRoles: ClaimPath = { path: ['realm', 'roles'] }
const roleKeys: ClaimPath = { path: ['roles'], format: 'keys' }

describe('readNames', () => {
  test.each<readonly [paths: readonly ClaimPath[], claims: Record<string, unknown>, names: Names]>([
    [[], { roles: ['a'] }, []],
    [[roles], { roles: ['a', 'b', 'a'] }, ['a', 'b']],
    [[roles], { roles: 'a b' }, ['a b']],
    [[roles], { roles: [] }, []],
    [[roles], {}, []],
    [[realmRoles], { realm: { roles: ['a'] } }, ['a']],
    [[realmRoles], { realm: {} }, []],
    [[realmRoles], {}, []],
    [[roles, realmRoles], { roles: ['a', 'b'], realm: { roles: ['b', 'c'] } }, ['a', 'b', 'c']],
    [[roleKeys], { roles: { a: 1, b: null } }, ['a', 'b']],
    [[roleKeys], {}, []],
    [[{ path: ['toString'] }], {}, []],
  ])('reads %j from %j as %j', (paths, claims, names) => {
    expect(readNames(claims, paths)).toEqual(names)
  })

  test.each<readonly [paths: readonly ClaimPath[], claims: Record<string, unknown>]>([
    [[roles], { roles: null }],
    [[roles], { roles: ['a', 1] }],
    [[roles], { roles: { a: 1 } }],
    [[roleKeys], { roles: ['a'] }],
    [[roleKeys], { roles: 'a' }],
    [[realmRoles], { realm: 'x' }],
    [[realmRoles], { realm: null }],
    [[realmRoles], { realm: [] }],
    [[roles, realmRoles], { roles: ['a'], realm: [] }],
  ])('returns undefined for %j from %j, which is malformed', (paths, claims) => {
    expect(readNames(claims, paths)).toBeUndefined()
  })
})
