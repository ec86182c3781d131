import { expect, test, vi } from 'vitest'
import { parseJws } from '../../src/jose/jws.ts'

// The reasons for refusing malformed tokens, and the cache of headers.

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const tokenOf = (header: unknown, payload: unknown = {}): string =>
  `${part(header)}.${part(payload)}.AAAA`
const alg = 'ES256'
const segments = 'the token does not have three canonical base64url segments'

const refused: readonly (readonly [token: unknown, code: string, reason: string])[] = [
  [undefined, 'token_malformed', 'the token is not a string'],
  ['x'.repeat(4097), 'token_too_large', 'the token has 4097 characters, the maximum is 4096'],
  // Without dots, with one, with three.
  ['AAAA', 'token_malformed', segments],
  ['AAAA.AAAA', 'token_malformed', segments],
  ['AAAA.AAAA.AAAA.AAAA', 'token_malformed', segments],
  ['....', 'token_encrypted', 'the token is encrypted (a JWE has five segments)'],
  ['.....', 'token_malformed', segments],
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
    'the payload cannot be parsed: duplicate member',
  ],
]

test.each(refused.map(([token, code, reason]) => ({ token, code, reason })))(
  '%#: refuses a token as $code because $reason',
  ({ token, code, reason }) => {
    expect(parseJws(token, 4096)).toMatchObject({ code, reason })
  },
)

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

/** Imports the module again, with an empty cache, and returns a function that parses a header. */
async function withEmptyCache() {
  vi.resetModules()
  const { parseJws: parse } = await import('../../src/jose/jws.ts')
  return (header: unknown): unknown => {
    const parsed = parse(tokenOf(header), 1e6)
    return 'header' in parsed ? parsed.header : parsed
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
