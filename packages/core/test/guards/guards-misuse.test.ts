import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import { ConfigError } from '../../src/index.ts'
import { openDesk, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

describe('misuse dies where the guard is made', () => {
  const { guards } = openDesk(optionsFor(issuer))
  /** What JavaScript can hand over, whatever the types say. */
  const loose = guards as unknown as Record<keyof typeof guards, (...given: unknown[]) => Guard>

  const cases: readonly (readonly [name: keyof typeof guards, given: readonly unknown[]])[] = [
    ...[[], [''], [undefined], [[]], [/x/], [{}], ['a', 'b']].map(
      (given) => ['requireAudience', given] as const,
    ),
    ...[[{}], [undefined], ['a']].map((given) => ['requireAuthentication', given] as const),
    ...[[], [''], ['a b'], ['a', ''], [undefined], [['a']], ['a"b'], ['ä'], [1], [null]].flatMap(
      (given) =>
        (['requireScope', 'requireAnyScope'] as const).map((name) => [name, given] as const),
    ),
    ...[
      [],
      [[]],
      [''],
      [undefined],
      [null],
      [1],
      [{}],
      [{ sub: 'a' }],
      [{ iss: 'a' }],
      [{ iss: '', sub: 'a' }],
      [{ iss: 'a', sub: 1 }],
      [{ iss: 'a', sub: 'b', act: {} }],
      [['a', '']],
    ].map((given) => ['requireActor', given] as const),
    ...[[true], [undefined]].flatMap((given) =>
      (['requireDirect', 'requireDelegated'] as const).map((name) => [name, given] as const),
    ),
    ...[[], [''], [undefined], [['a']], [1]].map((given) => ['requireClient', given] as const),
    ...[
      [],
      [''],
      [1],
      ['act'],
      ['act', () => true],
      ['a', undefined],
      ['a', null],
      ['a', []],
      ['a', {}],
      ['a', [{}]],
      ['a', 'b', 'c'],
    ].map((given) => ['requireClaim', given] as const),
    ...[[], [true], [undefined], [Promise.resolve(true)], [() => true, () => true]].map(
      (given) => ['requirePolicy', given] as const,
    ),
    ...[
      [],
      [undefined],
      [null],
      ['mfa'],
      [{}],
      [{ acr: undefined }],
      [{ acr: '' }],
      [{ acr: [] }],
      [{ acr: 'a b' }],
      [{ acr: 'a"' }],
      [{ maxAge: -1 }],
      [{ maxAge: NaN }],
      [{ maxAge: 0.5 }],
      [{ maxAge: Infinity }],
      [{ maxAge: '60' }],
      [{ acr: 'a', maxage: 1 }],
    ].map((given) => ['requireStepUp', given] as const),
  ]

  test.each(cases)('%s%j', (name, given) => {
    expect(() => loose[name](...given)).toThrow(ConfigError)
  })

  test.each(Object.keys(guards) as (keyof typeof guards)[])(
    '%s, handed to a host without a call, guards nothing and says so',
    (name) => {
      const asMiddleware = (): unknown => loose[name]({}, {}, () => {})
      expect(asMiddleware).toThrow(ConfigError)
    },
  )
})
