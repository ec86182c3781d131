import { describe, expect, test } from 'vitest'
import { readIntrospection, readRevocation, requirePrefixes } from '../../src/config/connections.ts'
import type { IssuerSettings } from '../../src/config/option-tables.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

const [one, two] = ['https://one.example', 'https://two.example']

describe.each([
  [
    'revocation',
    readRevocation,
    'Pass createRevocationList() from @resource-server/revocation, or an object with connect().',
  ],
  [
    'introspection',
    readIntrospection,
    'Pass introspect({ client }) from @resource-server/introspection.',
  ],
] as const)('the option %s', (name, read, fix) => {
  test('is an object with the method connect()', () => {
    const value = { connect: () => {} }
    expect(read(value)).toBe(value)
  })

  test.each([undefined, null, 'x', {}, { connect: true }])('is not %j', (value) => {
    expect(() => read(value)).toThrow(
      new ConfigError(`'${name}' must have the method connect().`, fix),
    )
  })
})

describe('requirePrefixes', () => {
  const audience = { names: ['orders'], exclusive: false }
  const issuer = (url: string, introspection?: object, more: object = {}): IssuerSettings =>
    ({ issuer: url, audience, introspection, ...more }) as unknown as IssuerSettings
  const missing = new ConfigError(
    `The introspection of '${one}' needs a prefix, because there are several issuers.`,
    "Set prefix to what its opaque tokens begin with, or to '' if no other issuer has opaque tokens.",
  )
  const ambiguous = (prefix: string): ConfigError =>
    new ConfigError(
      `The introspection prefix '${prefix}' is the beginning of another one.`,
      'Choose prefixes so that none of them is the beginning of another.',
    )

  test.each<readonly [what: string, issuers: readonly IssuerSettings[], mayResolve: boolean]>([
    ['the only issuer has no prefix', [issuer(one, {})], false],
    ['no issuer is introspected', [issuer(one), issuer(two)], true],
    ['the only introspected issuer has a prefix', [issuer(one, { prefix: '' }), issuer(two)], true],
    ['the prefixes differ', [issuer(one, { prefix: 'ab' }), issuer(two, { prefix: 'bab' })], false],
    [
      'a missing audience is refused, and none is configured',
      [issuer(one, { missingAudience: 'refuse' }, { audience: undefined })],
      false,
    ],
    [
      'a missing audience is accepted, and one is configured',
      [issuer(one, { missingAudience: 'accept' })],
      false,
    ],
  ])('accepts that %s', (_what, issuers, mayResolve) => {
    expect(() => requirePrefixes(issuers, mayResolve)).not.toThrow()
  })

  test.each<
    readonly [
      what: string,
      issuers: readonly IssuerSettings[],
      mayResolve: boolean,
      error: ConfigError,
    ]
  >([
    ['one of two issuers has no prefix', [issuer(one, {}), issuer(two)], false, missing],
    ['the only issuer has no prefix, but others are resolved', [issuer(one, {})], true, missing],
    [
      'a prefix is the beginning of another one',
      [issuer(one, { prefix: 'ab' }), issuer(two, { prefix: 'a' })],
      false,
      ambiguous('a'),
    ],
    [
      'two prefixes are the same',
      [issuer(one, { prefix: 'ab' }), issuer(two, { prefix: 'ab' })],
      false,
      ambiguous('ab'),
    ],
    [
      'a missing audience is accepted, but none is configured',
      [issuer(one, { missingAudience: 'accept' }, { audience: undefined })],
      false,
      new ConfigError(
        `missingAudience: 'accept' requires the option 'audience' of '${one}'.`,
        'Set audience: tokens without aud count as issued for it.',
      ),
    ],
  ])('refuses that %s', (_what, issuers, mayResolve, error) => {
    expect(() => requirePrefixes(issuers, mayResolve)).toThrow(error)
  })
})

test('the prefixes are required of the issuers of a policy', () => {
  const introspection = { connect: () => {} }
  const policyOf = (options: object): unknown =>
    createPolicy({ audience: 'orders', ...options }, 'verifier')
  expect(() => policyOf({ issuer: one, introspection })).not.toThrow()
  for (const options of [
    { issuers: [{ issuer: one, introspection }, two] },
    { issuer: one, introspection, resolveIssuer: () => undefined },
  ]) {
    expect(() => policyOf(options)).toThrow(`The introspection of '${one}' needs a prefix`)
  }
})
