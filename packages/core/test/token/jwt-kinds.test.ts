import { describe, expect, test } from 'vitest'
import type { JwtKind } from '../../src/options/other-jwt.ts'
import { jwtKinds, problemWithClaims } from '../../src/token/jwt-kinds.ts'

const now = 1_700_000_000
const expected = { audience: ['orders', 'stock'], now, clockTolerance: 5 }

const valid: Readonly<Record<JwtKind, object>> = {
  'logout token': { iss: 'https://as.example', aud: 'orders', iat: now, jti: 'j', events: {} },
  'introspection response': {
    iss: 'https://as.example',
    aud: 'orders',
    iat: now,
    token_introspection: {},
  },
}

/** What is wrong with valid claims after these changes. A claim that is `undefined` is removed. */
function problemWith(changes: object, kind: JwtKind = 'logout token'): string | undefined {
  const claims = Object.entries({ ...valid[kind], ...changes })
  const present = claims.filter(([, value]) => value !== undefined)
  return problemWithClaims(Object.fromEntries(present), kind, expected)
}

describe.each(Object.keys(valid) as JwtKind[])('a JWT of the kind %s', (kind) => {
  test('may have just the required claims', () => {
    expect(problemWith({}, kind)).toBe(undefined)
  })

  test.each(Object.keys(valid[kind]))('must have %s', (name) => {
    expect(problemWith({ [name]: undefined }, kind)).toBe(`it has no ${name}`)
  })

  test('may have every claim whose form is checked', () => {
    const more = { exp: now + 1, nbf: now, jti: 'j', sub: 'user-42', sid: 's' }
    expect(problemWith({ ...more, events: {}, token_introspection: {} }, kind)).toBe(undefined)
  })

  test.each<readonly [name: string, value: unknown]>([
    ['aud', ''],
    ['aud', []],
    ['aud', ['orders', '']],
    ['aud', null],
    ['iat', '1'],
    ['exp', null],
    ['nbf', -1],
    ['jti', ''],
    ['sub', 1],
    ['sid', []],
    ['events', []],
    ['token_introspection', 'x'],
  ])('must not have %s %j', (name, value) => {
    expect(problemWith({ [name]: value }, kind)).toBe(`its ${name} is malformed`)
  })

  test('must be meant for this service', () => {
    expect(problemWith({ aud: ['other', 'stock'] }, kind)).toBe(undefined)
    expect(problemWith({ aud: ['other', 'another'] }, kind)).toBe(
      'its aud is "other another", expected "orders" or "stock"',
    )
  })

  test.each<readonly [claims: object, problem: string | undefined]>([
    [{ exp: now - 4 }, undefined],
    [{ exp: now - 5 }, 'it is expired'],
    [{ nbf: now + 5 }, undefined],
    [{ nbf: now + 6 }, 'its nbf is in the future'],
    [{ iat: now + 5 }, undefined],
    [{ iat: now + 6 }, 'its iat is in the future'],
  ])('with %j: %s', (claims, problem) => {
    expect(problemWith(claims, kind)).toBe(problem)
  })
})

test('a logout token must not have a nonce, and is at most ten minutes old', () => {
  expect(problemWith({ nonce: 'n' })).toBe('it has nonce')
  expect(problemWith({ iat: now - 605 })).toBe(undefined)
  expect(problemWith({ iat: now - 606 })).toBe('its iat is too old')
})

test('an introspection response may have a nonce, and any age', () => {
  expect(problemWith({ nonce: 'n', iat: now - 10_000 }, 'introspection response')).toBe(undefined)
})

// Tokens of each kind are distinguished by typ, and only some servers set it for logout tokens.
test('the kinds have different types, and only a logout token may have none', () => {
  expect(Object.entries(jwtKinds).map(([kind, { types }]) => [kind, types])).toEqual([
    ['logout token', ['logout+jwt', 'application/logout+jwt', 'jwt', undefined]],
    ['introspection response', ['token-introspection+jwt', 'application/token-introspection+jwt']],
  ])
})
