import { expect, test, vi } from 'vitest'
import { isOpaque, mayBeOpaque, parseJws, readUnverifiedClaims } from '../../src/jose/jws.ts'

// The reasons for refusing malformed tokens, and the cache of headers.

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const tokenOf = (header: unknown, payload: unknown = {}): string =>
  `${part(header)}.${part(payload)}.AAAA`
const alg = 'ES256'
const opaque = (length: number): string =>
  `the token is not a JWT: it is probably an opaque token (${length} characters). Have the client request a token for this service, and have the issuer issue JWT access tokens`
const literal = (text: string): string =>
  `the token is the text '${text}'. Check whether the client sets its token variable`
const bearer = "the token begins with the word 'Bearer'. Pass only the token"
const quotes = 'the token is in quotes. Send it without them'
const space = 'the token contains white space. Was it cut off or wrapped?'
const segments = (count: number | string): string =>
  `the token must have three segments, but has ${count}. Was it cut off or joined with other text?`
const encrypted =
  'the token is encrypted (a JWE has five segments). Have the issuer sign tokens without encrypting them'
const undecodable = (names: string): string =>
  `the token does not have three canonical base64url segments: its ${names} cannot be decoded`
const jwt = tokenOf({ alg }, { sub: 'a' })

const refused: readonly (readonly [token: unknown, code: string, reason: string])[] = [
  [undefined, 'token_malformed', 'the token is not a string'],
  [
    'x'.repeat(4097),
    'token_too_large',
    'the token has 4097 characters; maxTokenBytes is 4096. Have the issuer write fewer claims, such as roles, or raise maxTokenBytes',
  ],
  [
    '',
    'token_malformed',
    'the token is an empty string. Check whether the client sets its token variable',
  ],
  ...['undefined', 'null', 'NaN', 'true', 'false', '[object Object]', '[object Promise]'].map(
    (text) => [text, 'token_malformed', literal(text)] as const,
  ),
  [`Bearer ${jwt}`, 'token_malformed', bearer],
  [`bearer\t${jwt}x.y`, 'token_malformed', bearer],
  ['BEARER', 'token_malformed', bearer],
  [`Bearer:${jwt}`, 'token_malformed', bearer],
  [`"${jwt}"`, 'token_malformed', quotes],
  [`'${jwt}'`, 'token_malformed', quotes],
  [`%22${jwt}%22`, 'token_malformed', quotes],
  [`${jwt}"`, 'token_malformed', quotes],
  [`${jwt}\n`, 'token_malformed', space],
  [jwt.replace('.', '. '), 'token_malformed', space],
  // Opaque tokens, without dots and with some.
  ['AAAA', 'token_malformed', opaque(4)],
  ['ory_at_XaBc-1.mac', 'token_malformed', opaque(17)],
  ['undefined2', 'token_malformed', opaque(10)],
  ['AAAA.AAAA.AAAA.AAAA', 'token_malformed', opaque(19)],
  ['.....', 'token_malformed', opaque(5)],
  // JWTs that are cut off, joined or damaged.
  [jwt.split('.')[0], 'token_malformed', segments(1)],
  [jwt.slice(0, jwt.lastIndexOf('.')), 'token_malformed', segments(2)],
  [`${jwt}.AAAA`, 'token_malformed', segments(4)],
  [`${jwt}.${jwt}`, 'token_malformed', segments(6)],
  [`${jwt}${'.A'.repeat(1000)}`, 'token_malformed', segments('more than six')],
  [
    jwt.replace(/\.AAAA$/, '.'),
    'token_malformed',
    'the token is not signed: its signature is empty',
  ],
  [`${jwt}=`, 'token_malformed', undecodable('signature')],
  [jwt.replace(/\..*\./, '.e3+.'), 'token_malformed', undecodable('payload')],
  [`ey/${jwt}/`, 'token_malformed', undecodable('header and signature')],
  ['....', 'token_encrypted', encrypted],
  ['eyJ.A.A.A.A', 'token_encrypted', encrypted],
  [tokenOf('{'), 'header_malformed', 'the header cannot be parsed: not JSON'],
  [tokenOf('[]'), 'header_malformed', 'the header cannot be parsed: not a JSON object'],
  [
    tokenOf({ alg, b64: true }),
    'header_unsupported',
    "the header has the unsupported parameter 'b64'",
  ],
  [tokenOf({ alg: 1 }), 'header_malformed', 'alg in the header is missing or not a string'],
  [tokenOf({ alg, kid: 1 }), 'header_malformed', 'kid, typ or cty in the header is not a string'],
  [
    tokenOf({ alg, cty: 'application/JWT' }),
    'header_unsupported',
    'the payload is a nested JWT (cty)',
  ],
  [tokenOf({ alg }, '{'), 'payload_malformed', 'the payload cannot be parsed: not JSON'],
  [
    tokenOf({ alg }, '{"a":1,"a":2}'),
    'payload_malformed',
    'the payload cannot be parsed: duplicate member "a"',
  ],
]

test.each(refused.map(([token, code, reason]) => ({ token, code, reason })))(
  '%#: refuses a token as $code because $reason',
  ({ token, code, reason }) => {
    expect(parseJws(token, 4096)).toMatchObject({ code, reason })
  },
)

test('no reason quotes a token that cannot be parsed, because it may be a secret', () => {
  const secret = 'S3cretValue'
  const texts = [secret, `Bearer ${secret}`, `"${secret}"`, `${secret} x`, `ey${secret}.a`]
  for (const text of texts) {
    const refusal = parseJws(text, 4096)
    expect(refusal).toHaveProperty('code', 'token_malformed')
    expect(JSON.stringify(refusal)).not.toContain(secret)
  }
})

test.each<readonly [token: unknown, result: boolean]>([
  ['AAAA', true],
  ['ory_at_x.y', true],
  ['a.b.c.d', true],
  ['a.b.c.d.e', true],
  ['eyJ.b.c.d.e', true],
  [undefined, false],
  ['', false],
  ['undefined', false],
  ['my-undefined', true],
  ['AAAAey', true],
  ['a-bearer', true],
  ['a"b', true],
  ['a%22b', true],
  ['Bearer AAAA', false],
  ['"AAAA"', false],
  ['AAAA AAAA', false],
  ['eyJhbGciOiJFUzI1NiJ9', false],
  ['ewogImFsZyI6IkVTMjU2In0.e30', false],
])('isOpaque(%j) is %s', (token, result) => {
  expect(isOpaque(token)).toBe(result)
})

// One in two thousand opaque tokens begins like a JWT.
test.each([
  ['AAAA', true],
  ['eyAAAA', true],
  ['ewAAAA.BBBB', true],
  ['ezAAAA.BBBB.CCCC', true],
  ['AeyAAAA.BBBB.CCCC', true],
  ['eyAAAA.BBBB.CCCC.DDDD', true],
  ['eyAAAA.BBBB.CCCC.DDDD.EEEE', true],
  ['eyAAAA.BBBB.CCCC', false],
  ['ewAAAA.BBBB.CCCC', false],
  ['eyAAAA.BBBB.', false],
  ['ey..', false],
  ['', false],
  ['null', false],
  ['AAAA AAAA', false],
])('mayBeOpaque(%j) is %s', (token, result) => {
  expect(mayBeOpaque(token)).toBe(result)
})

test('readUnverifiedClaims returns the claims of a JWT, and undefined for other text', () => {
  expect(readUnverifiedClaims(jwt, jwt.length)).toEqual({ sub: 'a' })
  expect(readUnverifiedClaims(jwt, jwt.length - 1)).toBeUndefined()
  expect(readUnverifiedClaims('AAAA', 4096)).toBeUndefined()
  expect(readUnverifiedClaims(undefined, 4096)).toBeUndefined()
})

test.each(['x-jwt', 'jwt+x', 'application/jwt2', 'text/application/jwt'])(
  'accepts the content type %s, which is not a nested JWT',
  (cty) => {
    const header = { alg, kid: undefined, typ: undefined }
    expect(parseJws(tokenOf({ alg, cty }), 4096)).toHaveProperty('header', header)
  },
)

test('returns the raw token, the header, the claims and the signature', () => {
  const token = tokenOf({ alg, kid: 'k', typ: 'JWT', jku: 'x' }, { sub: 'a' })
  expect(parseJws(token, token.length)).toEqual({
    raw: token,
    header: { alg, kid: 'k', typ: 'JWT' },
    claims: { sub: 'a' },
    signature: Buffer.alloc(3),
  })
})

/** Imports the module again, with an empty cache, and returns a function that parses a header and remembers it. */
async function withEmptyCache() {
  vi.resetModules()
  const { parseJws: parse, rememberHeader } = await import('../../src/jose/jws.ts')
  return (header: unknown, isVerified = true): unknown => {
    const parsed = parse(tokenOf(header), 1e6)
    if (!('header' in parsed)) return parsed
    if (isVerified) rememberHeader(parsed)
    return parsed.header
  }
}

/** A header whose encoded segment has this length. */
const ofLength = (length: number): object => {
  const empty = JSON.stringify({ alg, fill: '' }).length
  const bytes = Math.floor((length * 3) / 4)
  return { alg, fill: 'x'.repeat(bytes - empty) }
}

test('caches headers, except long and refused ones', async () => {
  const parseHeader = await withEmptyCache()
  expect(part(ofLength(512))).toHaveLength(512)
  expect(part(ofLength(514))).toHaveLength(514)
  expect(parseHeader(ofLength(512))).toBe(parseHeader(ofLength(512)))
  expect(parseHeader(ofLength(514))).not.toBe(parseHeader(ofLength(514)))
  expect(parseHeader({ alg: 1 })).not.toBe(parseHeader({ alg: 1 }))
})

test('caches only headers that it is told to remember', async () => {
  const parseHeader = await withEmptyCache()
  const forged = parseHeader({ alg }, false)
  const verified = parseHeader({ alg })
  expect(verified).not.toBe(forged)
  expect(parseHeader({ alg }, false)).toBe(verified)
})

test('keeps a header in the cache when it is remembered again', async () => {
  const parseHeader = await withEmptyCache()
  const [first, other] = [parseHeader({ alg, kid: '1' }), parseHeader({ alg, kid: '2' })]
  expect(parseHeader({ alg, kid: '1' })).toBe(first)
  expect(parseHeader({ alg, kid: '2' })).toBe(other)
})

test('caches up to 256 headers, and drops all of them when the next one is added', async () => {
  const parseHeader = await withEmptyCache()
  const numbered = (kid: number): unknown => parseHeader({ alg, kid: String(kid) })
  const first = numbered(0)
  for (let kid = 1; kid < 256; kid += 1) numbered(kid)
  expect(numbered(0)).toBe(first)
  const last = numbered(256)
  expect(numbered(0)).not.toBe(first)
  expect(numbered(256)).toBe(last)
})
