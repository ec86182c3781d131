import { describe, expect, test } from 'vitest'
import { audienceOf, audienceRule, checkAudience } from '../../src/config/audience.ts'
import { type Audience, ConfigError } from '../../src/index.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { outcomeFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const outcomeOf = outcomeFor(issuer)

const accepted: readonly (readonly [expected: Audience, aud: string | string[]])[] = [
  ['orders', 'orders'],
  ['orders', ['orders']],
  ['orders', ['stock', 'orders']],
  ['orders', ['orders', 'orders']],
  [['orders', 'legacy'], 'legacy'],
  [
    ['orders', 'legacy'],
    ['stock', 'legacy'],
  ],
  [{ only: 'orders' }, 'orders'],
  [{ only: 'orders' }, ['orders', 'orders']],
  [{ only: ['orders', 'legacy'] }, ['orders', 'legacy']],
  [{ only: ['orders', 'legacy'] }, ['legacy']],
]

const refused: readonly (readonly [expected: Audience, aud: string | string[]])[] = [
  ['orders', 'stock'],
  ['orders', ['stock', 'carts']],
  [['orders', 'legacy'], 'stock'],
  // Differs in case, white space, length or form. The 'о' in 'оrders' is Cyrillic.
  ['orders', 'Orders'],
  ['orders', 'orders '],
  ['orders', 'order'],
  ['orders', 'orders-admin'],
  ['orders', 'orders,stock'],
  ['orders', 'stock orders'],
  ['orders', 'оrders'],
  ['é', 'e\u0301'],
  ['https://api.example', 'https://api.example/'],
  ['https://api.example', 'HTTPS://api.example'],
  ['https://api.example', 'https://api.example:443'],
  ['https://api.example', 'https://api.example/orders'],
  ['.*', 'orders'],
  ['*', 'orders'],
  ['orders', '*'],
  // A property that every object inherits.
  ['toString', 'orders'],
  ['orders', 'constructor'],
  // Another audience in addition.
  [{ only: 'orders' }, ['orders', 'stock']],
  [{ only: 'orders' }, 'stock'],
  [{ only: ['orders', 'legacy'] }, ['legacy', 'stock']],
]

describe('a service with the audience', () => {
  test.each(accepted)('%j accepts a token with aud %j', async (audience, aud) => {
    expect(await outcomeOf(issuer.token({ aud }), { audience })).toBe('granted')
  })

  test.each(refused)('%j refuses a token with aud %j', async (audience, aud) => {
    expect(await outcomeOf(issuer.token({ aud }), { audience })).toBe('audience_mismatch')
  })
})

test('a service with { only } also accepts tokens that name an ignored audience', async () => {
  const profile = {
    name: 'with-userinfo',
    types: ['at+jwt'],
    clientClaims: ['client_id'],
    scopeClaims: ['scope'],
    requiredClaims: [],
    ignoredAudiences: ['userinfo', 'legacy'],
  }
  const outcomeForOnly = (only: string, aud: string[]) =>
    outcomeOf(issuer.token({ aud }), { audience: { only }, profile })
  expect(await outcomeForOnly('orders', ['orders', 'userinfo'])).toBe('granted')
  expect(await outcomeForOnly('orders', ['orders', 'userinfo', 'stock'])).toBe('audience_mismatch')
  expect(await outcomeForOnly('orders', ['userinfo'])).toBe('audience_mismatch')
  // An ignored audience that is also the expected one is not ignored.
  expect(await outcomeForOnly('legacy', ['legacy', 'userinfo'])).toBe('granted')
})

test.each<readonly [what: string, audience: unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['a number', 1],
  ['an empty string', ''],
  ['white space', ' \t'],
  ['an empty array', []],
  ['an array with an empty string', ['orders', '']],
  ['a nested array', [['orders']]],
  ['an object', {}],
  ['{ only: undefined }', { only: undefined }],
  ['{ only: [] }', { only: [] }],
  ['an object with only and another member', { only: 'orders', also: 'stock' }],
  [
    'an object that inherits only',
    Object.assign(Object.create({ only: 'orders' }), { also: 'stock' }),
  ],
  ['a function with only', Object.assign(() => {}, { only: 'orders' })],
])('audienceRule throws a ConfigError for %s', (_what, audience) => {
  expect(() => audienceRule(audience)).toThrow(
    new ConfigError(
      'The audience must be a non-empty string or a non-empty list of such strings.',
      "Pass the name of this service, such as 'order-service', a list of its names, or { only: name }.",
    ),
  )
})

test('audienceRule removes duplicate names and freezes the result', () => {
  const rule = audienceRule(['orders', 'legacy', 'orders'])
  expect(rule).toEqual({ names: ['orders', 'legacy'], exclusive: false })
  expect(audienceRule({ only: 'orders' })).toEqual({ names: ['orders'], exclusive: true })
  expect([rule, rule.names].every((part) => Object.isFrozen(part))).toBe(true)
})

test.each<readonly [what: string, expected: Audience, found: readonly string[], reason: string]>([
  ['one name', 'orders', ['stock'], 'aud is ["stock"], expected one of ["orders"]'],
  ['several names', ['a', 'b'], [], 'aud is [], expected one of ["a", "b"]'],
  ['{ only }', { only: 'a' }, ['b', 'c'], 'aud is ["b", "c"], expected only ["a"]'],
  [
    '{ only } and a token that also names this service',
    { only: 'a' },
    ['a', 'b'],
    'aud is ["a", "b"], expected only ["a"]. The token names this service, but also other audiences, which { only } does not allow. If they belong to the issuer, such as its userinfo endpoint, list them in \'ignoredAudiences\' of the profile. Otherwise have the client request a token for this service alone',
  ],
  ...(
    [
      ['https://a.example/', 'https://a.example'],
      ['https://a.example', 'https://a.example/'],
      ['orders', 'Orders'],
    ] as const
  ).map(
    ([name, found]) =>
      [
        `${name} and ${found}`,
        name,
        ['x', found],
        `aud is ["x", "${found}"], expected one of ["${name}"]. They differ only in case or in a trailing slash, and the comparison is exact. Use the same text in 'audience' and at the issuer`,
      ] as const,
  ),
  [
    'a name that is only in uppercase the same',
    'STRASSE',
    ['straße'],
    String.raw`aud is ["stra\u00dfe"], expected one of ["STRASSE"]`,
  ],
  [
    'an aud of 126 characters',
    'a',
    ['x'.repeat(126)],
    `aud is ["${'x'.repeat(126)}"], expected one of ["a"]`,
  ],
  [
    'a longer aud, which is truncated',
    'a',
    ['x'.repeat(127)],
    `aud is ["${'x'.repeat(123)}"...], expected one of ["a"]`,
  ],
  [
    'more than five audiences, which are counted',
    'a',
    ['1', '2', '3', '4', '5', '6', '7'],
    'aud is ["1", "2", "3", "4", "5", and 2 more], expected one of ["a"]',
  ],
])('the reason for a mismatch shows both audiences: %s', (_what, expected, found, reason) => {
  const refusal = checkAudience({ aud: found }, found, audienceRule(expected), defaultProfile)
  expect(refusal).toMatchObject({ code: 'audience_mismatch', reason })
})

test.each<readonly [expected: Audience, found: readonly string[], detail: object]>([
  ['orders', ['stock'], { claim: 'aud' }],
  [['orders', 'legacy'], ['stock', 'Legacy'], { claim: 'aud', explained: true }],
  [{ only: 'orders' }, ['orders', 'stock'], { claim: 'aud', explained: true }],
])('the refusal by %j of %j has the detail %j', (expected, found, detail) => {
  const refusal = checkAudience({ aud: found }, found, audienceRule(expected), defaultProfile)
  expect(refusal?.detail).toStrictEqual(detail)
})

test.each<readonly [claims: Record<string, unknown>, audience: readonly unknown[]]>([
  [{ aud: 'orders', resource: 'stock' }, ['stock']],
  [{ aud: ['a', 'b'] }, ['a', 'b']],
  [{ resource: null, aud: 'a' }, [null]],
  [{}, []],
])('with the audience claims resource and aud, audienceOf(%j) is %j', (claims, audience) => {
  const profile = { ...defaultProfile, audienceClaims: ['resource', 'aud'] }
  expect(audienceOf(claims, profile)).toEqual(audience)
})

test('audienceOf reads only aud by default', () => {
  expect(audienceOf({ resource: 'a', aud: 'b' }, defaultProfile)).toEqual(['b'])
})
