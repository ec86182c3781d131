import { describe, expect, test } from 'vitest'
import { checkedProfile } from '../../src/options/check-profile.ts'
import type { Profile } from '../../src/options/profile.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// Profiles written without the help of types.

const least = {
  ...{ name: 'own', types: [], clientClaims: [], scopeClaims: [] },
  ...{ requiredClaims: [], ignoredAudiences: [] },
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
  good: readonly unknown[],
  bad: readonly unknown[],
]

const rows: readonly Row[] = [
  ['name', 'a name', ['x'], ['', 1, undefined, ['x']]],
  [
    ...(['types', 'a list of types in lower case'] as const),
    [[], ['jwt', undefined], [undefined]],
    [undefined, 'jwt', ['JWT'], ['jwt', 'At+jwt'], [''], [null], [1]],
  ],
  ['clientClaims', names, [[], ['azp']], ['azp', [''], ['azp', 1], [undefined], undefined]],
  ['scopeClaims', names, [[], ['scp']], ['scp', [''], ['scp', 1], [undefined], undefined]],
  [
    ...(['requiredClaims', names] as const),
    [[], ['a', ['b', 'c']]],
    ['a', [''], [[]], [['']], ['a', ['b', 1]], [1], {}],
  ],
  ['ignoredAudiences', 'a list of audiences', [[], ['a']], ['a', [''], ['a', 1], undefined]],
  [
    ...(['expectedClaims', 'an object of lists of values'] as const),
    [{}, { typ: ['Bearer'] }],
    [null, undefined, 'typ', () => {}, { typ: 'Bearer' }, { typ: [] }, { a: ['b'], typ: [''] }],
  ],
  ['forbiddenClaims', names, [[], ['nonce']], ['nonce', [''], ['nonce', 1], undefined]],
  [
    ...(['audienceClaims', 'a list of one or more names'] as const),
    [['aud'], ['aud', 'client_id']],
    [[], 'aud', [''], ['aud', 1], undefined, { length: 1 }],
  ],
  ...(['roles', 'permissions'] as const).map((name): Row => [
    ...([name, places] as const),
    [
      [],
      [{ path: ['a', 'b'] }],
      [
        { path: ['a'], format: 'list' },
        { path: ['a'], format: 'keys' },
      ],
    ],
    [
      ...[undefined, 'roles', ['roles'], [null], [undefined], [{}], [{ path: [] }]],
      ...[[{ path: 'a' }], [{ path: ['a'], format: 'csv' }], [{ path: [''], format: 'keys' }]],
    ],
  ]),
  ['acceptUnmarked', 'a boolean', [true, false], [undefined, 'true', 1]],
  ['clientIdAsSubject', 'a boolean', [true, false], [undefined, 'true', 1]],
  ['actorSubjectIsClient', 'a boolean', [true, false], [undefined, 'true', 1]],
  [
    ...(['actorNames', "a list of 'sub' and 'client_id'"] as const),
    [['sub'], ['client_id'], ['client_id', 'sub']],
    [[], 'sub', undefined, ['azp'], ['sub', 'azp'], ['']],
  ],
  ['discovery', "'openid' or 'oauth'", ['openid', 'oauth'], ['', undefined, 'both', ['openid']]],
  ['keyIssuerPlaceholder', 'a placeholder', ['{tenantid}'], ['', 1, undefined]],
  [
    ...(['hints', hints] as const),
    [[], [hint]],
    [
      ...[undefined, hint, [null], [undefined], [{}], [{ ...hint, codes: [] }]],
      ...[[{ ...hint, codes: 'token_expired' }], [{ ...hint, when: true }]],
      ...[[{ ...hint, message: '' }], [hint, { ...hint, message: undefined }]],
    ],
  ],
]

describe.each(rows)('%s', (name, what, good, bad) => {
  test.each(good.map((value) => ({ value })))('may be $value', ({ value }) => {
    expect(checkedProfile({ ...least, [name]: value })).toEqual({ ...least, [name]: value })
  })

  test.each(bad.map((value) => ({ value })))('may not be $value', ({ value }) => {
    expectMisuse(
      { ...least, [name]: value },
      `The profile's '${name}' is not ${what}.`,
      'See the type Profile.',
    )
  })
})

test.each(Object.keys(least))('%s cannot be left out', (name) => {
  const inherited = Object.create(least, {}) as object
  const rest = { ...least, [name]: undefined } as Record<string, unknown>
  delete rest[name]
  const fix = 'Write profile: extend(defaultProfile, { … }) to change some members of a profile.'
  expectMisuse(rest, `The profile has no '${name}'.`, fix)
  expectMisuse(Object.assign(inherited, rest), `The profile has no '${name}'.`, fix)
})

test.each([undefined, null, 'rfc9069', 1])('%s is not a profile', (given) => {
  expect(() => checkedProfile(given)).toThrow("The profile has no 'name'.")
})

test.each(['scopes', 'toString', '__proto__'])('%s is not a member', (name) => {
  const odd = Object.defineProperty({ ...least }, name, { value: [], enumerable: true })
  expectMisuse(
    odd,
    `A profile has no '${name}'.`,
    'It has name, types, clientClaims, scopeClaims, requiredClaims, ' +
      'ignoredAudiences, expectedClaims, forbiddenClaims, acceptUnmarked, clientIdAsSubject, audienceClaims, roles, permissions, ' +
      'actorSubjectIsClient, actorNames, discovery, keyIssuerPlaceholder, hints.',
  )
})

test('what is checked is a copy, frozen, and inherits nothing', () => {
  const own: Record<string, unknown> = { ...least }
  const checked = checkedProfile(own)
  own['types'] = ['jwt']
  expect(checked.types).toEqual([])
  expect(Object.isFrozen(checked)).toBe(true)
  expect(Object.getPrototypeOf(checked)).toBeNull()
})

test('the copy is also frozen at every level, and inherits nothing there', () => {
  const roles = [{ path: ['roles'] }]
  const expectedClaims = { use: ['access'] }
  const checked = checkedProfile({ ...least, roles, expectedClaims, hints: [hint] })
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
