import { expect, test, vi } from 'vitest'
import { parseJws } from '../../src/jose/jws.ts'

// What the operator reads of a token that cannot be read, and what is remembered of headers.

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const tokenOf = (header: unknown, payload: unknown = {}): string =>
  `${part(header)}.${part(payload)}.AAAA`
const alg = 'ES256'
const segments = 'the token is not three canonical base64url segments'

test.each<readonly [token: unknown, code: string, reason: string]>([
  [undefined, 'token_malformed', 'the token is not a string'],
  ['x'.repeat(4097), 'token_too_large', 'the token has 4097 characters, more than 4096'],
  // without dots, with one, with three
  ['AAAA', 'token_malformed', segments],
  ['AAAA.AAAA', 'token_malformed', segments],
  ['AAAA.AAAA.AAAA.AAAA', 'token_malformed', segments],
  ['....', 'token_encrypted', 'the token is encrypted (five segments)'],
  ['.....', 'token_malformed', segments],
  [tokenOf('{'), 'header_malformed', 'the header is unusable: not JSON'],
  [tokenOf('[]'), 'header_malformed', 'the header is unusable: not a JSON object'],
  [tokenOf({ alg, b64: true }), 'header_unsupported', "the header has the member 'b64'"],
  [tokenOf({ alg: 1 }), 'header_malformed', 'the header has no alg that is a string'],
  [
    tokenOf({ alg, kid: 1 }),
    ...(['header_malformed', 'kid, typ or cty in the header is not a string'] as const),
  ],
  [
    tokenOf({ alg, cty: 'application/JWT' }),
    ...(['header_unsupported', 'the header says that the payload is another JWT'] as const),
  ],
  [tokenOf({ alg }, '{'), 'payload_malformed', 'the payload is unusable: not JSON'],
  [
    tokenOf({ alg }, '{"a":1,"a":2}'),
    ...(['payload_malformed', 'the payload is unusable: duplicate member'] as const),
  ],
])('%s: %s: %s', (token, code, reason) => {
  expect(parseJws(token, 4096)).toMatchObject({ code, reason })
})

test.each(['x-jwt', 'jwt+x', 'application/jwt2', 'text/application/jwt'])(
  'a payload of the type %s is no other JWT',
  (cty) => {
    expect(parseJws(tokenOf({ alg, cty }), 4096)).toHaveProperty('header', {
      ...{ alg, kid: undefined, typ: undefined },
    })
  },
)

test('the parts of a token', () => {
  const token = tokenOf({ alg, kid: 'k', typ: 'JWT', jku: 'x' }, { sub: 'a' })
  expect(parseJws(token, token.length)).toEqual({
    ...{ raw: token, header: { alg, kid: 'k', typ: 'JWT' }, claims: { sub: 'a' } },
    signature: Buffer.alloc(3),
  })
})

/** Headers that nobody has read so far: what is remembered is remembered for good. */
async function fresh() {
  vi.resetModules()
  const { parseJws: parse } = await import('../../src/jose/jws.ts')
  return (header: unknown): unknown => {
    const parsed = parse(tokenOf(header), 1e6)
    return 'header' in parsed ? parsed.header : parsed
  }
}

/** A header whose segment has so many characters. */
const ofLength = (length: number): object => {
  const empty = JSON.stringify({ alg, fill: '' }).length
  const bytes = Math.floor((length * 3) / 4)
  return { alg, fill: 'x'.repeat(bytes - empty) }
}

test('a header that comes again is read once, unless it is long or was refused', async () => {
  const header = await fresh()
  expect(part(ofLength(512))).toHaveLength(512)
  expect(part(ofLength(514))).toHaveLength(514)
  expect(header(ofLength(512))).toBe(header(ofLength(512)))
  expect(header(ofLength(514))).not.toBe(header(ofLength(514)))
  expect(header({ alg: 1 })).not.toBe(header({ alg: 1 }))
})

test('256 headers are remembered, and all are forgotten with the next one', async () => {
  const header = await fresh()
  const numbered = (kid: number): unknown => header({ alg, kid: String(kid) })
  const first = numbered(0)
  for (let kid = 1; kid < 256; kid += 1) numbered(kid)
  expect(numbered(0)).toBe(first)
  const last = numbered(256)
  expect(numbered(0)).not.toBe(first)
  expect(numbered(256)).toBe(last)
})
