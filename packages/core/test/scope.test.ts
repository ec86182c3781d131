import { expect, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../src/index.ts'
import { aud, optionsFor, startIssuer } from './support.ts'

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
