import { describe, expect, test } from 'vitest'
import type { Profile } from '../../src/options/profile.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { Verified } from '../../src/jose/signature.ts'
import {
  createToken,
  profileOf,
  readContent,
  type TokenContent,
  viewOf,
} from '../../src/token/access-token.ts'

// What is read from checked claims, one part at a time.

const claims = {
  ...{ iss: 'https://as.example', sub: 'user-42', aud: 'orders', exp: 2000, iat: 1000 },
  ...{ scope: 'a b', client_id: 'shop', roles: ['admin', 'admin'], odd: [1] },
}
const profile: Profile = {
  ...defaultProfile,
  ...{ roles: [{ path: ['roles'] }], permissions: [{ path: ['absent'] }] },
}
const delegation = {
  ...{ actor: { issuer: claims.iss, subject: 'a', clientId: undefined, claims: {} } },
  priorActors: [],
}
const mayAct = { sub: 'b' }
const impliedScopes = [{ scope: 'b', scopes: ['c'], prefixes: [] }]

const read = (more: object = {}, by: Profile = profile): TokenContent =>
  readContent({
    verified: { raw: 'x.y.z', claims: { ...claims, ...more } } as unknown as Verified,
    ...{ delegation, mayAct, profile: by, impliedScopes },
  })

test('the content is all that the claims say, and frozen', () => {
  const content = read()
  expect(content).toEqual({
    ...{ subject: 'user-42', issuer: claims.iss, audience: ['orders'], scopes: ['a', 'b'] },
    ...{ roles: ['admin'], permissions: [], clientId: 'shop' },
    ...{ actor: delegation.actor, mayAct, priorActors: [] },
    ...{ claims, impliedScopes, profile },
  })
  for (const part of [content, content.audience, content.scopes, content.roles])
    expect(Object.isFrozen(part)).toBe(true)
})

describe('there are no', () => {
  const misplaced = { ...profile, roles: [{ path: ['odd'] }] }
  test.each([
    ['roles where the profile names no place', () => read({}, defaultProfile).roles],
    ['permissions where the profile names no place', () => read({}, defaultProfile).permissions],
    ['roles where they are malformed', () => read({}, misplaced).roles],
    ['scopes where they are malformed', () => read({ scope: 1 }).scopes],
    ['scopes where nothing is said of them', () => read({ scope: undefined }).scopes],
  ])('%s', (_what, names) => {
    expect(names()).toEqual([])
    expect(Object.isFrozen(names())).toBe(true)
  })
})

describe('a token', () => {
  const make = () => createToken(read(), 'x.y.z')

  test('has its text, its times and what its scopes imply', () => {
    const token = make()
    expect(token.raw).toBe('x.y.z')
    expect(token.issuedAt).toEqual(new Date(1_000_000))
    expect(token.expiresAt).toEqual(new Date(2_000_000))
    expect(['a', 'b', 'c', 'd'].map((scope) => token.hasScope(scope))).toEqual([
      ...[true, true, true, false],
    ])
  })

  test('knows the profile that it was judged by', () => {
    expect(profileOf(make())).toBe(profile)
  })

  test('has a view without its text', () => {
    const view = viewOf(make())
    expect(view).toMatchObject({ subject: 'user-42', roles: ['admin'], mayAct })
    expect(view).not.toHaveProperty('raw')
    expect(Object.isFrozen(view)).toBe(true)
  })

  test.each([
    ['viewOf', viewOf],
    ['profileOf', profileOf],
  ])('that was not made here is none to %s', (_name, use) => {
    const forged = Object.create(Object.getPrototypeOf(make()) as object) as never
    expect(() => use({ ...make() })).toThrow(new TypeError('not an access token of this package'))
    expect(() => use(forged)).toThrow(TypeError)
  })
})
