import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import { aud, judgeFor, startIssuer } from '../support.ts'

// Fixed, for it is in the names of tests.
const issuer = await startIssuer({ clock: createTestClock(new Date('2026-01-01T00:00:00Z')) })
const judge = judgeFor(issuer)
const now = issuer.clock.now() / 1000
const judgeClaims = (claims: object, options: VerifierOptions = {}) =>
  judge(issuer.token({ aud, scope: 'orders:read', claims: { ...claims } }), options)

/** A number as JSON spells it, where JavaScript would not write it that way. */
function judgeText(name: string, spelling: string) {
  const whole = { iss: issuer.url, sub: 'user-42', aud, iat: now, exp: now + 300, [name]: 'HERE' }
  return judge(issuer.sign({ payload: JSON.stringify(whole).replace('"HERE"', spelling) }))
}

test('the claims that the others are made of are good', async () => {
  expect(await judgeClaims({})).toBe('granted')
})

describe('the kind of token', () => {
  test.each([
    ...[{ at_hash: 'x' }, { c_hash: 'x' }, { s_hash: 'x' }, { at_hash: null }, { events: {} }],
    ...[{ typ: 'ID' }, { typ: 'id' }, { typ: 'Refresh' }, { typ: 'Offline' }, { typ: 'Logout' }],
    ...[{ token_use: 'id' }, { token_use: 'ID' }, { nonce: 'x', scope: undefined }],
  ])('%j is of another one', async (claims) => {
    expect(await judgeClaims(claims)).toBe('not_an_access_token')
  })

  test.each([{ typ: 'Bearer' }, { token_use: 'access' }, { nonce: 'x' }, { nonce: 'x', scp: [] }])(
    '%j is of this one',
    async (claims) => {
      expect(await judgeClaims(claims)).toBe('granted')
    },
  )

  test.each(['typ', 'token_use'])('a %s that is no string is not taken for one', async (name) => {
    for (const odd of [1, null, ['ID'], { toString: 1, valueOf: 1 }, ''])
      expect(await judgeClaims({ [name]: odd })).toBe('claim_malformed')
  })
})

describe('what must be there', () => {
  test.each(['sub', 'aud', 'exp', 'iat'])('a token without %s is refused', async (name) => {
    expect(await judgeClaims({ [name]: undefined })).toBe('claim_missing')
  })

  test('a token without iss is of nobody', async () => {
    expect(await judgeClaims({ iss: undefined })).toBe('issuer_not_trusted')
  })

  test.each(['client_id', 'jti'])('RFC 9068 asks for %s as well', async (name) => {
    expect(await judgeClaims({ [name]: undefined })).toBe('granted')
    const strict = { profile: 'rfc9068' } as const
    expect(await judgeClaims({ [name]: undefined }, strict)).toBe('claim_missing')
  })
})

describe('a claim of the wrong type is not an absent one', () => {
  const strings = ['sub', 'jti', 'client_id', 'azp', 'cid', 'appid']
  const wrongStrings = [null, 1, true, '', [], ['x'], {}]
  const cases = strings.flatMap((name) => wrongStrings.map((value) => [name, value] as const))

  test.each(cases)('%s: %j', async (name, value) => {
    expect(await judgeClaims({ [name]: value })).toBe('claim_malformed')
  })

  test.each([null, 1, '', [], [''], [aud, 1], [aud, null], [[aud]], { 0: aud }, { only: aud }])(
    'aud: %j',
    async (value) => {
      expect(await judgeClaims({ aud: value })).toBe('claim_malformed')
    },
  )

  const numbers = ['exp', 'iat', 'nbf', 'auth_time']
  const wrongNumbers = [null, '1', `${now}`, true, [now], {}, -1, 253_402_300_800, now * 1e3 * 1e3]
  const numeric = numbers.flatMap((name) => wrongNumbers.map((value) => [name, value] as const))

  test.each(numeric)('%s: %j', async (name, value) => {
    expect(await judgeClaims({ [name]: value })).toBe('claim_malformed')
  })

  test.each(numbers)('%s: 1e400, which JavaScript reads as infinite', async (name) => {
    expect(await judgeText(name, '1e400')).toBe('claim_malformed')
  })

  test.each(['scope', 'scp'])('%s', async (name) => {
    for (const odd of [null, 1, true, {}, [1], ['a', null], [['a']]])
      expect(await judgeClaims({ [name]: odd })).toBe('claim_malformed')
  })

  test.each([null, 'x', 1, [], [{}]])('cnf: %j', async (value) => {
    expect(await judgeClaims({ cnf: value })).toBe('claim_malformed')
  })

  test('aud may be a list', async () => {
    expect(await judgeClaims({ aud: [aud, 'stock'] })).toBe('granted')
  })

  test('what issuers add beyond these may be anything', async () => {
    expect(await judgeClaims({ roles: null, tenant: [1, { a: {} }], groups: 'x' })).toBe('granted')
  })
})

describe('the time', () => {
  test.each([
    ['exp', 'the last moment of the tolerance', -4.999, 'granted'],
    ['exp', 'the end of the tolerance', -5, 'token_expired'],
    ['nbf', 'the end of the tolerance', 5, 'granted'],
    ['nbf', 'just beyond the tolerance', 5.001, 'token_not_yet_valid'],
  ])('%s: %s', async (name, _what, offset, outcome) => {
    expect(await judgeClaims({ iat: now - 60, [name]: now + offset })).toBe(outcome)
  })

  test.each([
    [0, -0.001, 'token_expired'],
    [0, 0, 'token_expired'],
    [0, 0.001, 'granted'],
    [600, -599.999, 'granted'],
    [600, -600, 'token_expired'],
  ])('with a tolerance of %s s, exp in %s s: %s', async (clockTolerance, offset, outcome) => {
    expect(await judgeClaims({ iat: now - 900, exp: now + offset }, { clockTolerance })).toBe(
      outcome,
    )
  })

  test('passes: a token that was good expires', async () => {
    await using other = await startIssuer()
    const judgeOther = judgeFor(other)
    const token = other.token({ aud, expiresIn: 300 })
    other.clock.advance(304)
    expect(await judgeOther(token)).toBe('granted')
    other.clock.advance(1)
    expect(await judgeOther(token)).toBe('token_expired')
    other.clock.jump(-300)
    expect(await judgeOther(token)).toBe('granted')
  })

  test('iat in the future is no reason: clocks of issuers run ahead', async () => {
    expect(await judgeClaims({ iat: now + 200 })).toBe('granted')
  })

  test('iat after exp is nonsense', async () => {
    expect(await judgeClaims({ iat: now + 301, exp: now + 300 })).toBe('claim_malformed')
    expect(await judgeClaims({ iat: now + 300, exp: now + 300 })).toBe('granted')
  })

  test.each([
    ['the last second of the year 9999', 253_402_300_799, 'granted'],
    ['a fraction', now + 0.5, 'granted'],
  ])('exp may be %s', async (_what, exp, outcome) => {
    expect(await judgeClaims({ exp })).toBe(outcome)
  })

  test('nbf may be zero, also negative zero', async () => {
    expect(await judgeText('nbf', '0')).toBe('granted')
    expect(await judgeText('nbf', '-0')).toBe('granted')
  })
})

describe('maxLifetime', () => {
  const maxLifetime = 300

  test.each([
    ['as long as allowed', { iat: now, exp: now + 300 }, 'granted'],
    ['a moment longer', { iat: now, exp: now + 300.001 }, 'lifetime_too_long'],
    ['older, and so longer', { iat: now - 1, exp: now + 300 }, 'lifetime_too_long'],
    ['from the future, within the tolerance', { iat: now + 5, exp: now + 305 }, 'granted'],
    ['from the future, beyond it', { iat: now + 9, exp: now + 309 }, 'lifetime_too_long'],
    ['from a future far away', { iat: now + 9e6, exp: now + 9e6 + 1 }, 'lifetime_too_long'],
  ])('%s', async (_what, claims, outcome) => {
    expect(await judgeClaims(claims, { maxLifetime })).toBe(outcome)
  })

  test('is not limited unless it is asked for', async () => {
    expect(await judgeClaims({ exp: now + 1e9 })).toBe('granted')
  })
})

describe('a key-bound token', () => {
  test.each([{ jkt: 'x' }, { 'x5t#S256': 'x' }, { jwk: {} }, { unheardOf: 1 }, {}])(
    'is no bearer token: %j',
    async (cnf) => {
      expect(await judgeClaims({ cnf })).toBe('binding_unsupported')
    },
  )
})

test.each([
  [{ at_hash: 'x', sub: undefined }, 'not_an_access_token'],
  [{ sub: undefined, nbf: 'x' }, 'claim_missing'],
  [{ exp: now - 60, iat: now - 90, nbf: 'x' }, 'claim_malformed'],
  [{ exp: now - 60, iat: now - 90, aud: 'x' }, 'token_expired'],
  [{ aud: 'x', cnf: {} }, 'audience_mismatch'],
  [{ cnf: {}, act: 'x' }, 'binding_unsupported'],
])('of several faults in %j the first is told: %s', async (claims, code) => {
  expect(await judgeClaims(claims)).toBe(code)
})
