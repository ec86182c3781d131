import { describe, expect, test } from 'vitest'
import { checkedProfile } from '../../src/options/check-profile.ts'
import type { Profile } from '../../src/options/profile.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// A profile from JavaScript code without types.

const minimal = {
  name: 'own',
  types: [],
  clientClaims: [],
  scopeClaims: [],
  requiredClaims: [],
  ignoredAudiences: [],
}

function expectMisuse(profile: unknown, problem: string, fix: string): void {
  expect(() => checkedProfile(profile)).toThrow(new ConfigError(problem, fix))
}

const names = 'a list of names'
const places = 'a list of { path: [name, …] }'
const hints = 'a list of { codes, when, message }'
const hint = { codes: ['token_expired'], when: () => true, message: 'Set the clock.' }

type Row = readonly [
  name: keyof Profile,
  what: string,
  valid: readonly unknown[],
  invalid: readonly unknown[],
]

const rows: readonly Row[] = [
  ['name', 'a non-empty string', ['x'], ['', 1, undefined, ['x']]],
  [
    'types',
    'a list of types in lowercase',
    [[], ['jwt', undefined], [undefined]],
    [undefined, 'jwt', ['JWT'], ['jwt', 'At+jwt'], [''], [null], [1]],
  ],
  ['clientClaims', names, [[], ['azp']], ['azp', [''], ['azp', 1], [undefined], undefined]],
  ['scopeClaims', names, [[], ['scp']], ['scp', [''], ['scp', 1], [undefined], undefined]],
  [
    'requiredClaims',
    names,
    [[], ['a', ['b', 'c']]],
    ['a', [''], [[]], [['']], ['a', ['b', 1]], [1], {}],
  ],
  ['ignoredAudiences', 'a list of audiences', [[], ['a']], ['a', [''], ['a', 1], undefined]],
  [
    'expectedClaims',
    'an object of lists of values',
    [{}, { typ: ['Bearer'] }],
    [null, undefined, 'typ', () => {}, { typ: 'Bearer' }, { typ: [] }, { a: ['b'], typ: [''] }],
  ],
  ['forbiddenClaims', names, [[], ['nonce']], ['nonce', [''], ['nonce', 1], undefined]],
  [
    'audienceClaims',
    'a list of one or more names',
    [['aud'], ['aud', 'client_id']],
    [[], 'aud', [''], ['aud', 1], undefined, { length: 1 }],
  ],
  ...(['roles', 'permissions'] as const).map((name): Row => [
    name,
    places,
    [
      [],
      [{ path: ['a', 'b'] }],
      [
        { path: ['a'], format: 'list' },
        { path: ['a'], format: 'keys' },
      ],
    ],
    [
      undefined,
      'roles',
      ['roles'],
      [null],
      [undefined],
      [{}],
      [{ path: [] }],
      [{ path: 'a' }],
      [{ path: ['a'], format: 'csv' }],
      [{ path: [''], format: 'keys' }],
    ],
  ]),
  ['acceptUnmarked', 'a boolean', [true, false], [undefined, 'true', 1]],
  ['clientIdAsSubject', 'a boolean', [true, false], [undefined, 'true', 1]],
  ['actorSubjectIsClient', 'a boolean', [true, false], [undefined, 'true', 1]],
  [
    'actorNames',
    "a list of 'sub' and 'client_id'",
    [['sub'], ['client_id'], ['client_id', 'sub']],
    [[], 'sub', undefined, ['azp'], ['sub', 'azp'], ['']],
  ],
  ['discovery', "'openid' or 'oauth'", ['openid', 'oauth'], ['', undefined, 'both', ['openid']]],
  ['keyIssuerPlaceholder', 'a non-empty string', ['{tenantid}'], ['', 1, undefined]],
  [
    'hints',
    hints,
    [[], [hint]],
    [
      undefined,
      hint,
      [null],
      [undefined],
      [{}],
      [{ ...hint, codes: [] }],
      [{ ...hint, codes: 'token_expired' }],
      [{ ...hint, when: true }],
      [{ ...hint, message: '' }],
      [hint, { ...hint, message: undefined }],
    ],
  ],
]

describe.each(rows)("the profile's %s", (name, what, valid, invalid) => {
  test.each(valid.map((value) => ({ value })))('may be $value', ({ value }) => {
    expect(checkedProfile({ ...minimal, [name]: value })).toEqual({ ...minimal, [name]: value })
  })

  test.each(invalid.map((value) => ({ value })))('must not be $value', ({ value }) => {
    expectMisuse(
      { ...minimal, [name]: value },
      `The profile's '${name}' must be ${what}.`,
      'See the type Profile.',
    )
  })
})

test.each(Object.keys(minimal))('a profile must have %s', (name) => {
  const inherited = Object.create(minimal, {}) as object
  const rest = { ...minimal, [name]: undefined } as Record<string, unknown>
  delete rest[name]
  const problem = `The profile must have the member '${name}'.`
  const fix = 'Write profile: extend(defaultProfile, { … }) to change some members of a profile.'
  expectMisuse(rest, problem, fix)
  expectMisuse(Object.assign(inherited, rest), problem, fix)
})

test.each([undefined, null, 'rfc9069', 1])('%s is not a profile', (given) => {
  expect(() => checkedProfile(given)).toThrow("The profile must have the member 'name'.")
})

test.each(['scopes', 'toString', '__proto__'])('a profile must not have a member %s', (name) => {
  const profile = Object.defineProperty({ ...minimal }, name, { value: [], enumerable: true })
  expectMisuse(
    profile,
    `Unknown member '${name}' of the profile.`,
    'Use only name, types, clientClaims, scopeClaims, requiredClaims, ' +
      'ignoredAudiences, expectedClaims, forbiddenClaims, acceptUnmarked, clientIdAsSubject, audienceClaims, roles, permissions, ' +
      'actorSubjectIsClient, actorNames, discovery, keyIssuerPlaceholder, hints.',
  )
})

test('checkedProfile returns a frozen copy without a prototype', () => {
  const own: Record<string, unknown> = { ...minimal }
  const checked = checkedProfile(own)
  own['types'] = ['jwt']
  expect(checked.types).toEqual([])
  expect(Object.isFrozen(checked)).toBe(true)
  expect(Object.getPrototypeOf(checked)).toBeNull()
})

test('members of entries that have no meaning are copied, null included', () => {
  const roles = [{ path: ['roles'], note: null }]
  expect(checkedProfile({ ...minimal, roles }).roles).toEqual(roles)
})

test('the copy is also frozen at every level, and inherits nothing there', () => {
  const roles = [{ path: ['roles'] }]
  const expectedClaims = { use: ['access'] }
  const checked = checkedProfile({ ...minimal, roles, expectedClaims, hints: [hint] })
  roles[0]?.path.push('other')
  expectedClaims.use.push('id')
  hint.codes.push('claim_missing')
  expect(checked).toMatchObject({
    roles: [{ path: ['roles'] }],
    expectedClaims: { use: ['access'] },
  })
  const { roles: [place] = [], hints: [copy] = [] } = checked
  for (const value of [place, place?.path, checked.expectedClaims, copy, copy?.codes]) {
    expect(value).toBeDefined()
    expect(Object.isFrozen(value)).toBe(true)
  }
  expect(copy?.codes).toEqual(['token_expired'])
  expect(Object.getPrototypeOf(place)).toBeNull()
})
