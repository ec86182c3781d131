import { describe, expect, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import {
  grants,
  implication,
  type Implication,
  isScopeClaim,
  isScopeToken,
} from '../../src/options/scope.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

async function scopesOf(claims: object, options: VerifierOptions = {}): Promise<readonly string[]> {
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  return (await verifier.verify(issuer.token({ aud, claims: { ...claims } }))).scopes
}

test.each([
  ['a string', { scope: 'orders:read orders:write' }, ['orders:read', 'orders:write']],
  ['a list', { scope: ['orders:read', 'orders:write'] }, ['orders:read', 'orders:write']],
  ['another claim', { scp: 'orders:read' }, ['orders:read']],
  ['a list in another claim', { scp: ['orders:read'] }, ['orders:read']],
  ['both claims: the first counts', { scope: 'a', scp: 'b' }, ['a']],
  ['no claim', {}, []],
  ['an empty string', { scope: '' }, []],
  ['spaces too many', { scope: '  a   b ' }, ['a', 'b']],
  ['repeats', { scope: 'a b a' }, ['a', 'b']],
  ['a tab, which separates nothing', { scope: 'a\tb c' }, ['c']],
  ['a line feed, which separates nothing', { scope: 'a\nb' }, []],
  ['a no-break space, which separates nothing', { scope: 'a\u00a0b' }, []],
  ['a space in an entry of a list', { scope: ['a b', 'c'] }, ['c']],
  ['quotes and backslashes', { scope: 'a"b c\\d e' }, ['e']],
  ['letters beyond ASCII', { scope: 'orders:leße a' }, ['a']],
  [
    'all that a scope may be',
    { scope: "!#$%&'()*+,-./:;<=>?@[]^_`{|}~" },
    ["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"],
  ],
])('scopes are read from %s', async (_what, claims, scopes) => {
  expect(await scopesOf(claims)).toEqual(scopes)
})

test('a profile says which claim counts', async () => {
  expect(await scopesOf({ scp: 'a' }, { profile: 'rfc9068' })).toEqual([])
})

test('a scope is had or not, exactly', async () => {
  const token = await createVerifier(optionsFor(issuer)).verify(
    issuer.token({ aud, scope: 'orders:read' }),
  )
  const asked = ['orders:read', 'orders', 'Orders:read', 'orders:read ', '', 'toString']
  expect(asked.filter((scope) => token.hasScope(scope))).toEqual(['orders:read'])
})

test('no scope, and no claim of scopes', () => {
  expect(['a', '', 'a b', 1, null, ['a']].filter(isScopeToken)).toEqual(['a'])
  const claims = ['', 'a b', [], ['a'], ['a', 1], ['a', null], 1, null, undefined, { length: 0 }]
  expect(claims.filter(isScopeClaim)).toEqual(['', 'a b', [], ['a']])
})

describe('what a scope implies', () => {
  test.each<readonly [implies: readonly unknown[], scopes: string[], prefixes: string[]]>([
    [['b'], ['b'], []],
    [['b:*'], [], ['b:']],
    [
      ['b', 'c:*', '*d', 'e.*', 'f/*'],
      ['b', '*d'],
      ['c:', 'e.', 'f/'],
    ],
  ])('%j', (implies, scopes, prefixes) => {
    expect(implication('a', implies)).toEqual({ scope: 'a', scopes, prefixes })
  })

  const none: readonly (readonly unknown[])[] = [
    ...[[], ['*'], ['b*'], [':*'], ['b', 'c*'], ['b:*', 'c*'], ['b:**']],
    ...[['b c'], ['b', 1], ['b\nc:*'], ['\nb:*'], [['b:*']]],
  ]

  test.each(none.map((implies) => ({ implies })))(
    '$implies (%#) is no such thing',
    ({ implies }) => {
      expect(implication('a', implies)).toBeUndefined()
    },
  )

  test('nothing, of what is no scope itself', () => {
    expect(implication('a b', ['c'])).toBeUndefined()
  })
})

describe('who has one scope has another', () => {
  // The second one is known only after the last one.
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
  ])('%j: %j', (held, scopes) => {
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
