import { describe, expect, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import {
  grants,
  implication,
  type Implication,
  isScopeClaim,
  isScopeToken,
  readScopes,
} from '../../src/options/scope.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

async function scopesOf(claims: object, options: VerifierOptions = {}): Promise<readonly string[]> {
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  return (await verifier.verify(issuer.token({ aud, claims: { ...claims } }))).scopes
}

test.each([
  ['a scope string', { scope: 'orders:read orders:write' }, ['orders:read', 'orders:write']],
  ['a scope list', { scope: ['orders:read', 'orders:write'] }, ['orders:read', 'orders:write']],
  ['an scp string', { scp: 'orders:read' }, ['orders:read']],
  ['an scp list', { scp: ['orders:read'] }, ['orders:read']],
  ['scope and scp, of which scope is used', { scope: 'a', scp: 'b' }, ['a']],
  ['no scope claim', {}, []],
  ['an empty scope string', { scope: '' }, []],
  ['extra spaces', { scope: '  a   b ' }, ['a', 'b']],
  ['a repeated scope', { scope: 'a b a' }, ['a', 'b']],
  ['a tab, which is not a separator', { scope: 'a\tb c' }, ['c']],
  ['a line feed, which is not a separator', { scope: 'a\nb' }, []],
  ['a no-break space, which is not a separator', { scope: 'a\u00a0b' }, []],
  ['a list entry with a space', { scope: ['a b', 'c'] }, ['c']],
  ['quotes and backslashes', { scope: 'a"b c\\d e' }, ['e']],
  ['letters outside ASCII', { scope: 'orders:leße a' }, ['a']],
  [
    'every character that a scope may have',
    { scope: "!#$%&'()*+,-./:;<=>?@[]^_`{|}~" },
    ["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"],
  ],
])('reads the scopes of a token with %s', async (_what, claims, scopes) => {
  expect(await scopesOf(claims)).toEqual(scopes)
})

test.each([undefined, null, 1, {}, ['a', 1]])(
  'reads no scopes from a claim that is %j',
  (claim) => {
    expect(readScopes(claim)).toBe(undefined)
  },
)

test('the profile decides which claim has the scopes', async () => {
  expect(await scopesOf({ scp: 'a' }, { profile: 'rfc9068' })).toEqual([])
})

test('hasScope compares exactly', async () => {
  const token = await createVerifier(optionsFor(issuer)).verify(
    issuer.token({ aud, scope: 'orders:read' }),
  )
  const asked = ['orders:read', 'orders', 'Orders:read', 'orders:read ', '', 'toString']
  expect(asked.filter((scope) => token.hasScope(scope))).toEqual(['orders:read'])
})

test('isScopeToken and isScopeClaim refuse other values', () => {
  expect(['a', '', 'a b', 1, null, ['a']].filter(isScopeToken)).toEqual(['a'])
  const claims = ['', 'a b', [], ['a'], ['a', 1], ['a', null], 1, null, undefined, { length: 0 }]
  expect(claims.filter(isScopeClaim)).toEqual(['', 'a b', [], ['a']])
})

describe('implication', () => {
  test.each<readonly [implies: readonly unknown[], scopes: string[], prefixes: string[]]>([
    [['b'], ['b'], []],
    [['b:*'], [], ['b:']],
    [
      ['b', 'c:*', '*d', 'e.*', 'f/*'],
      ['b', '*d'],
      ['c:', 'e.', 'f/'],
    ],
  ])('reads the names and prefixes in %j', (implies, scopes, prefixes) => {
    expect(implication('a', implies)).toEqual({ scope: 'a', scopes, prefixes })
  })

  const invalid: readonly (readonly unknown[])[] = [
    [],
    ['*'],
    ['b*'],
    [':*'],
    ['b', 'c*'],
    ['b:*', 'c*'],
    ['b:**'],
    ['b c'],
    ['b', 1],
    ['b\nc:*'],
    ['\nb:*'],
    [['b:*']],
  ]

  test.each(invalid.map((implies) => [implies] as const))('returns undefined for %j', (implies) => {
    expect(implication('a', implies)).toBeUndefined()
  })

  test('returns undefined if the first name is not a scope', () => {
    expect(implication('a b', ['c'])).toBeUndefined()
  })
})

describe('grants', () => {
  // For 'admin', the first three rules apply only after the last one has.
  const rules = () =>
    [
      implication('write', ['read']),
      implication('read', ['write']),
      implication('bin:x', ['far']),
      implication('admin', ['write', 'stock:*', 'bin:*']),
    ] as readonly Implication[]

  test.each<readonly [held: readonly string[], scopes: readonly string[]]>([
    [[], []],
    [['far'], ['far']],
    [['write'], ['write', 'read']],
    [['read'], ['write', 'read']],
    [['bin:x'], ['bin:x', 'far']],
    [['admin'], ['admin', 'write', 'read', 'stock:', 'stock:a', 'bin:x', 'far']],
    [
      ['stock:*', 'x'],
      ['stock:*', 'x'],
    ],
  ])('%j grants %j', (held, scopes) => {
    const all = ['admin', 'write', 'read', 'stock', 'stock:', 'stock:*', 'stock:a', 'a:stock:']
    const asked = [...all, 'bin:x', 'far', 'x']
    expect(asked.filter((scope) => grants(held, scope, rules()))).toEqual(
      asked.filter(
        (scope) => scopes.includes(scope) || (held[0] === 'admin' && scope === 'stock:*'),
      ),
    )
    expect(asked.filter((scope) => grants(held, scope, []))).toEqual(
      asked.filter((scope) => held.includes(scope)),
    )
  })
})
