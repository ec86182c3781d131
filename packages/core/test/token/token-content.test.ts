import { describe, expect, test } from 'vitest'
import type { Profile } from '../../src/options/profile.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { CheckedToken } from '../../src/token/claims.ts'
import type { Delegation } from '../../src/token/delegation.ts'
import {
  createToken,
  profileOf,
  readContent,
  type TokenContent,
  viewOf,
  wasIntrospected,
} from '../../src/token/access-token.ts'

const claims = {
  iss: 'https://as.example',
  sub: 'user-42',
  aud: 'orders',
  exp: 2000,
  iat: 1000,
  scope: 'a b',
  client_id: 'shop',
  roles: ['admin', 'admin'],
  numbers: [1],
}
const profile: Profile = {
  ...defaultProfile,
  roles: [{ path: ['roles'] }],
  permissions: [{ path: ['absent'] }],
}
const delegation = {
  actor: { issuer: claims.iss, subject: 'a', clientId: undefined, claims: {} },
  priorActors: [],
}
const mayAct = { sub: 'b' }
const impliedScopes = [{ scope: 'b', scopes: ['c'], prefixes: [] }]

const read = (more: object = {}, by: Profile = profile): TokenContent =>
  readContent({
    checked: { raw: 'x.y.z', claims: { ...claims, ...more } } as unknown as CheckedToken,
    delegation: delegation as unknown as Delegation,
    mayAct,
    profile: by,
    impliedScopes,
    isIntrospected: false,
  })

describe('readContent', () => {
  test('returns everything that the claims say, frozen', () => {
    const content = read()
    expect(content).toEqual({
      subject: 'user-42',
      issuer: claims.iss,
      audience: ['orders'],
      scopes: ['a', 'b'],
      roles: ['admin'],
      permissions: [],
      clientId: 'shop',
      actor: delegation.actor,
      mayAct,
      priorActors: [],
      isIntrospected: false,
      claims,
      impliedScopes,
      profile,
    })
    for (const part of [content, content.audience, content.scopes, content.roles])
      expect(Object.isFrozen(part)).toBe(true)
  })

  const wrongPath = { ...profile, roles: [{ path: ['numbers'] }] }
  test.each([
    ['roles if the profile has no path for them', () => read({}, defaultProfile).roles],
    ['permissions if the profile has no path for them', () => read({}, defaultProfile).permissions],
    ['roles if the claim is malformed', () => read({}, wrongPath).roles],
    ['scopes if the claim is malformed', () => read({ scope: 1 }).scopes],
    ['scopes if the claim is absent', () => read({ scope: undefined }).scopes],
  ])('returns no %s', (_what, names) => {
    expect(names()).toEqual([])
    expect(Object.isFrozen(names())).toBe(true)
  })

  test('reads scopes from a list', () => {
    expect(read({ scope: ['a', 'b', 'a'] }).scopes).toEqual(['a', 'b'])
  })

  // Most tokens have the same few scopes and audiences.
  test.each<readonly [what: string, claims: object, name: 'audience' | 'scopes']>([
    ['audience if it is one name', {}, 'audience'],
    ['scopes if they are a string', {}, 'scopes'],
    ['scopes if it has none', { scope: undefined }, 'scopes'],
  ])("shares the list of a token's %s", (_what, more, name) => {
    expect(read(more)[name]).toBe(read(more)[name])
  })

  test('returns no confirmation if cnf is malformed', () => {
    const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    expect(read({ cnf: { jkt } }).confirmation).toEqual({ jkt })
    expect(read({ cnf: 'x' }).confirmation).toBe(undefined)
  })
})

describe('createToken', () => {
  const create = () => createToken(read(), 'x.y.z')

  test('returns a token with its text, its times and its implied scopes', () => {
    const token = create()
    expect(token.raw).toBe('x.y.z')
    expect(token.issuedAt).toEqual(new Date(1_000_000))
    expect(token.expiresAt).toEqual(new Date(2_000_000))
    expect(['a', 'b', 'c', 'd'].map((scope) => token.hasScope(scope))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  test('gives the token the members of its content, as own enumerable properties', () => {
    const { impliedScopes: _scopes, profile: _profile, isIntrospected: _is, ...members } = read()
    expect({ ...create() }).toEqual(members)
    expect(Object.keys(create())).toEqual(Object.keys(members))
  })

  test('keeps whether the token was introspected, which wasIntrospected returns', () => {
    expect(wasIntrospected(create())).toBe(false)
    expect(wasIntrospected(createToken({ ...read(), isIntrospected: true }, 'x'))).toBe(true)
  })

  test('keeps the profile, which profileOf returns', () => {
    expect(profileOf(create())).toBe(profile)
  })
})

describe('viewOf', () => {
  test('returns the token without its text and its prior actors, frozen', () => {
    const view = viewOf(createToken(read(), 'x.y.z'))
    expect(view).toMatchObject({ subject: 'user-42', roles: ['admin'], mayAct })
    expect(view).not.toHaveProperty('raw')
    expect(view).not.toHaveProperty('priorActors')
    expect(Object.isFrozen(view)).toBe(true)
  })
})

describe('a token that this package did not create', () => {
  test.each([
    ['viewOf', viewOf],
    ['profileOf', profileOf],
  ])('makes %s throw a TypeError', (_name, use) => {
    const token = createToken(read(), 'x.y.z')
    const copy = { ...token }
    const forged = Object.create(Object.getPrototypeOf(token) as object) as never
    const message = 'not an access token created by this package'
    expect(() => use(copy)).toThrow(new TypeError(message))
    expect(() => use(forged)).toThrow(TypeError)
  })
})
