import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { aud, outcomeFor, startIssuer } from '../support.ts'

// A fixed time, because it is part of test titles.
const issuer = await startIssuer({ clock: createTestClock(new Date('2026-01-01T00:00:00Z')) })
const codeFor = outcomeFor(issuer)
const now = issuer.clock.now() / 1000
const codeForClaims = (claims: object, options: VerifierOptions = {}) =>
  codeFor(issuer.token({ aud, scope: 'orders:read', claims: { ...claims } }), options)

/** Verifies a token with a number in a JSON spelling that JSON.stringify does not produce. */
function codeForNumber(name: string, spelling: string) {
  const valid = { iss: issuer.url, sub: 'user-42', aud, scope: 'a', iat: now, exp: now + 300 }
  const claims = { ...valid, [name]: 'HERE' }
  return codeFor(issuer.sign({ payload: JSON.stringify(claims).replace('"HERE"', spelling) }))
}

test('a token with the default test claims is granted', async () => {
  expect(await codeForClaims({})).toBe('granted')
})

describe('the kind of token', () => {
  test.each([
    { at_hash: 'x' },
    { c_hash: 'x' },
    { s_hash: 'x' },
    { at_hash: null },
    { events: {} },
    { typ: 'ID' },
    { typ: 'id' },
    { typ: 'Refresh' },
    { typ: 'Offline' },
    { typ: 'Logout' },
    { token_use: 'id' },
    { token_use: 'ID' },
  ])('is not an access token with %j', async (claims) => {
    const header = { typ: 'JWT' }
    const token = issuer.token({ aud, scope: 'orders:read', header, claims: { ...claims } })
    expect(await codeFor(token)).toBe('not_an_access_token')
  })

  test.each([{ at_hash: 'x' }, { c_hash: 'x' }, { nonce: 'x', scope: undefined }])(
    'is an access token with %j if the header has the typ at+jwt',
    async (claims) => {
      expect(await codeForClaims(claims)).toBe('granted')
    },
  )

  test.each([
    { typ: 'Bearer' },
    { token_use: 'access' },
    { nonce: 'x', scope: 'a' },
    { nonce: 'x', scp: [] },
  ])('is an access token with %j', async (claims) => {
    expect(await codeForClaims(claims)).toBe('granted')
  })

  test('is not an access token with nonce but without scope', async () => {
    const token = issuer.token({ aud, header: { typ: 'JWT' }, claims: { nonce: 'x' } })
    expect(await codeFor(token)).toBe('not_an_access_token')
  })

  test.each(['typ', 'token_use'])('is refused as malformed if %s is not a string', async (name) => {
    for (const value of [1, null, ['ID'], { toString: 1, valueOf: 1 }, ''])
      expect(await codeForClaims({ [name]: value })).toBe('claim_malformed')
  })
})

describe('an ID token without nonce, whose aud is the audience of this service', () => {
  const idToken = { iss: issuer.url, sub: 'user-42', aud, iat: now, exp: now + 300, jti: 'x' }
  const marks = [{ typ: 'Bearer' }, { token_use: 'access' }, { type: 'access_token' }]

  test.each([{}, { azp: aud }, { email: 'user@example.com', auth_time: now, sid: 'x' }])(
    'is refused with %j, whether typ is JWT or absent',
    async (claims) => {
      for (const header of [{}, { typ: 'JWT' }]) {
        const token = issuer.sign({ header, payload: { ...idToken, ...claims } })
        expect(await codeFor(token)).toBe('not_an_access_token')
      }
    },
  )

  test('is accepted if the profile sets acceptUnmarked', async () => {
    const profile = { ...defaultProfile, acceptUnmarked: true }
    expect(await codeFor(issuer.sign({ payload: idToken }), { profile })).toBe('granted')
  })

  test.each([...marks, { scope: 'a' }, { client_id: 'shop' }, { azp: 'shop' }])(
    'would be an access token with %j',
    async (claims) => {
      expect(await codeFor(issuer.sign({ payload: { ...idToken, ...claims } }))).toBe('granted')
    },
  )
})

describe('required claims', () => {
  test.each(['sub', 'aud', 'exp', 'iat'])('a token without %s is refused', async (name) => {
    expect(await codeForClaims({ [name]: undefined })).toBe('claim_missing')
  })

  test('a token without iss is refused as issuer_not_trusted', async () => {
    expect(await codeForClaims({ iss: undefined })).toBe('issuer_not_trusted')
  })

  test.each(['client_id', 'jti'])('%s is required by the rfc9068 profile only', async (name) => {
    expect(await codeForClaims({ [name]: undefined })).toBe('granted')
    const options = { profile: 'rfc9068' } as const
    expect(await codeForClaims({ [name]: undefined }, options)).toBe('claim_missing')
  })
})

describe('a claim of the wrong type is refused as malformed', () => {
  const strings = ['sub', 'jti', 'client_id', 'azp', 'cid', 'appid']
  const wrongStrings = [null, 1, true, '', [], ['x'], {}]
  const cases = strings.flatMap((name) => wrongStrings.map((value) => [name, value] as const))

  test.each(cases)('%s: %j', async (name, value) => {
    expect(await codeForClaims({ [name]: value })).toBe('claim_malformed')
  })

  test.each([
    [null],
    [1],
    [''],
    [[]],
    [['']],
    [[aud, 1]],
    [[aud, null]],
    [[[aud]]],
    [{ 0: aud }],
    [{ only: aud }],
  ])('aud: %j', async (value) => {
    expect(await codeForClaims({ aud: value })).toBe('claim_malformed')
  })

  const numbers = ['exp', 'iat', 'nbf', 'auth_time']
  const wrongNumbers = [null, '1', `${now}`, true, [now], {}, -1, 253_402_300_800, now * 1e3 * 1e3]
  const numeric = numbers.flatMap((name) => wrongNumbers.map((value) => [name, value] as const))

  test.each(numeric)('%s: %j', async (name, value) => {
    expect(await codeForClaims({ [name]: value })).toBe('claim_malformed')
  })

  test.each(numbers)('%s: 1e400, which JSON.parse reads as Infinity', async (name) => {
    expect(await codeForNumber(name, '1e400')).toBe('claim_malformed')
  })

  test.each(['scope', 'scp'])('%s: not a string or a list of strings', async (name) => {
    for (const value of [null, 1, true, {}, [1], ['a', null], [['a']]])
      expect(await codeForClaims({ [name]: value })).toBe('claim_malformed')
  })

  test.each([[null], ['x'], [1], [[]], [[{}]]])('cnf: %j', async (value) => {
    expect(await codeForClaims({ cnf: value })).toBe('claim_malformed')
  })
})

describe('a claim is accepted', () => {
  test('if aud is a list', async () => {
    expect(await codeForClaims({ aud: [aud, 'stock'] })).toBe('granted')
  })

  test('with any type if it is not a registered claim', async () => {
    expect(await codeForClaims({ roles: null, tenant: [1, { a: {} }], groups: 'x' })).toBe(
      'granted',
    )
  })
})

describe('the times of a token', () => {
  test.each([
    ['exp', -4.999, 'granted'],
    ['exp', -5, 'token_expired'],
    ['nbf', 5, 'granted'],
    ['nbf', 5.001, 'token_not_yet_valid'],
  ])('with the default tolerance of 5 s, %s in %s s: %s', async (name, offset, code) => {
    expect(await codeForClaims({ iat: now - 60, [name]: now + offset })).toBe(code)
  })

  test.each([
    [0, -0.001, 'token_expired'],
    [0, 0, 'token_expired'],
    [0, 0.001, 'granted'],
    [600, -599.999, 'granted'],
    [600, -600, 'token_expired'],
  ])('with a tolerance of %s s, exp in %s s: %s', async (clockTolerance, offset, code) => {
    expect(await codeForClaims({ iat: now - 900, exp: now + offset }, { clockTolerance })).toBe(
      code,
    )
  })

  test('are compared with the current time at every verification', async () => {
    await using other = await startIssuer()
    const codeForOther = outcomeFor(other)
    const token = other.token({ aud, expiresIn: 300 })
    other.clock.advance(304)
    expect(await codeForOther(token)).toBe('granted')
    other.clock.advance(1)
    expect(await codeForOther(token)).toBe('token_expired')
    other.clock.jump(-300)
    expect(await codeForOther(token)).toBe('granted')
  })

  test("may include an iat in the future, because the issuer's clock may be ahead", async () => {
    expect(await codeForClaims({ iat: now + 200 })).toBe('granted')
  })

  test('are malformed if iat is after exp', async () => {
    expect(await codeForClaims({ iat: now + 301, exp: now + 300 })).toBe('claim_malformed')
    expect(await codeForClaims({ iat: now + 300, exp: now + 300 })).toBe('granted')
  })

  test.each([
    ['is the last second of the year 9999', 253_402_300_799],
    ['has a fraction', now + 0.5],
  ])('are accepted if exp %s', async (_what, exp) => {
    expect(await codeForClaims({ exp })).toBe('granted')
  })

  test('are accepted if nbf is 0 or -0', async () => {
    expect(await codeForNumber('nbf', '0')).toBe('granted')
    expect(await codeForNumber('nbf', '-0')).toBe('granted')
  })
})

describe('maxLifetime', () => {
  const maxLifetime = 300

  test.each([
    ['as long as allowed', { iat: now, exp: now + 300 }, 'granted'],
    ['1 ms too long', { iat: now, exp: now + 300.001 }, 'lifetime_too_long'],
    ['too long because iat is 1 s ago', { iat: now - 1, exp: now + 300 }, 'lifetime_too_long'],
    [
      'as long as allowed, with iat in the future by the tolerance',
      { iat: now + 5, exp: now + 305 },
      'granted',
    ],
    [
      'as long as allowed, with iat in the future by more than the tolerance',
      { iat: now + 9, exp: now + 309 },
      'lifetime_too_long',
    ],
    [
      '1 s, with iat in the far future',
      { iat: now + 9e6, exp: now + 9e6 + 1 },
      'lifetime_too_long',
    ],
  ])('a lifetime that is %s: $2', async (_what, claims, code) => {
    expect(await codeForClaims(claims, { maxLifetime })).toBe(code)
  })

  test('is unlimited by default', async () => {
    expect(await codeForClaims({ exp: now + 1e9 })).toBe('granted')
  })
})

describe('a token that is bound to a key', () => {
  const sha256 = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

  test.each([{ jwk: {} }, { unheardOf: 1 }, {}, { 'x5t#S256': sha256 }])(
    'is refused if the binding cannot be checked: cnf is %j',
    async (cnf) => {
      expect(await codeForClaims({ cnf })).toBe('binding_unsupported')
    },
  )

  test('is refused as a bearer token', async () => {
    expect(await codeForClaims({ cnf: { jkt: sha256 } })).toBe('binding_unproven')
  })

  test.each([{ jkt: 'x' }, { 'x5t#S256': 'x' }])(
    'is refused if the binding is malformed: cnf is %j',
    async (cnf) => {
      expect(await codeForClaims({ cnf })).toBe('claim_malformed')
    },
  )
})

test.each([
  ['not_an_access_token before claim_missing', { typ: 'ID', sub: undefined }],
  ['claim_missing before claim_malformed', { sub: undefined, nbf: 'x' }],
  ['claim_malformed before token_expired', { exp: now - 60, iat: now - 90, nbf: 'x' }],
  ['token_expired before claim_malformed', { exp: now - 60, iat: now }],
  ['claim_malformed before token_not_yet_valid', { iat: now + 301, nbf: now + 60 }],
  ['token_expired before audience_mismatch', { exp: now - 60, iat: now - 90, aud: 'x' }],
  ['audience_mismatch before binding_unsupported', { aud: 'x', cnf: {} }],
  ['binding_unsupported before actor_malformed', { cnf: {}, act: 'x' }],
])('a token with several problems is refused with %s', async (order, claims) => {
  const [first] = order.split(' ')
  expect(await codeForClaims(claims)).toBe(first)
})
