import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { headerOf } from '../../src/jose/jws.ts'
import { aud, outcomeFor, startIssuer } from '../support.ts'

// Most of these tokens have a valid signature, so only the parser can refuse them.

const issuer = await startIssuer()
const outcomeOf = outcomeFor(issuer)
const { kid, algorithm } = issuer.key
const now = issuer.clock.now() / 1000
const payload = { iss: issuer.url, sub: 'user-42', aud, scope: 'a', iat: now, exp: now + 300 }
const json = JSON.stringify(payload)
const withHeader = (members: object) => issuer.sign({ header: { ...members }, payload })
const good = issuer.sign({ payload })

test('the unmodified token is granted', async () => {
  expect(await outcomeOf(good)).toBe('granted')
})

describe('a compact serialization', () => {
  const [header, claims, signature] = good.split('.') as [string, string, string]
  const join = (...parts: string[]): string => parts.join('.')
  /** Decodes to the same bytes, but is not canonical: its unused bits are not zero. */
  const nonCanonical = (segment: string): string => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(segment.at(-1)!)
    return segment.slice(0, -1) + alphabet[last ^ 1]
  }

  test.each([
    ['is empty', ''],
    ['is one dot', '.'],
    ['is two dots', '..'],
    ['is eight thousand dots', '.'.repeat(8000)],
    ['has two segments', join(header, claims)],
    ['has four segments', join(header, claims, signature, signature)],
    ['has six segments', join(header, claims, signature, 'A', 'A', 'A')],
    ['has an empty header', join('', claims, signature)],
    ['has an empty payload', join(header, '', signature)],
    ['has an empty signature', join(header, claims, '')],
    ['ends with a dot', `${good}.`],
    ['has padding', `${good}=`],
    ['starts with a space', ` ${good}`],
    ['ends with a line break', `${good}\n`],
    ['has a space inside', join(header, claims, ` ${signature}`)],
    ['ends with a NUL', `${good}\0`],
    ['uses the standard base64 alphabet', join(header, claims, `${signature.slice(0, -4)}+/AA`)],
    ['has a Cyrillic letter that looks like a Latin one', good.replace('e', 'е')],
    [
      'has a segment of a length that base64url cannot have',
      join(header, claims, `${signature}AAA`),
    ],
    ['has a signature in non-canonical base64url', join(header, claims, nonCanonical(signature))],
    ['is a JSON serialization', JSON.stringify({ protected: header, payload: claims, signature })],
  ])('is refused if it %s', async (_what, token) => {
    expect(await outcomeOf(token)).toBe('token_malformed')
  })

  test.each(['AAAB', 'AAAAAA', 'AAAAAAA'])(
    'with the signature %s is refused as signature_invalid',
    async (s) => {
      expect(await outcomeOf(join(header, claims, s))).toBe('signature_invalid')
    },
  )

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['an object', {}],
    ['an array', [good]],
    ['a String object', Object(good)],
    ['a Buffer', Buffer.from(good)],
  ])('is refused if it is %s instead of a string', async (_what, token) => {
    expect(await outcomeOf(token as string)).toBe('token_malformed')
  })

  test('with five segments is refused as encrypted', async () => {
    expect(await outcomeOf(join(header, claims, signature, 'A', 'A'))).toBe('token_encrypted')
  })

  test('is accepted up to maxTokenBytes and refused beyond it', async () => {
    // One base64url segment cannot have every length, but two segments together can.
    const exactly = (length: number): string => {
      const room =
        length - issuer.sign({ header: { fill: '' }, payload: { ...payload, fill: '' } }).length
      const most = Math.floor((room * 3) / 4)
      const fills = [0, 1, 2, 3].flatMap((one) =>
        [0, 1, 2, 3].map((two) => [one, most - one - two]),
      )
      const tokens = fills.map(([one = 0, two = 0]) => {
        return issuer.sign({
          header: { fill: 'x'.repeat(one) },
          payload: { ...payload, fill: 'x'.repeat(two) },
        })
      })
      return tokens.find((token) => token.length === length)!
    }
    expect(await outcomeOf(exactly(8192))).toBe('granted')
    expect(await outcomeOf(exactly(8193))).toBe('token_too_large')
    expect(await outcomeOf(exactly(8193), { maxTokenBytes: 8193 })).toBe('granted')
    expect(await outcomeOf(good, { maxTokenBytes: good.length - 1 })).toBe('token_too_large')
    expect(await outcomeOf(good, { maxTokenBytes: good.length })).toBe('granted')
  })
})

describe('the header', () => {
  const text = (more: string): string => `{"alg":"${algorithm}","kid":"${kid}"${more}}`

  test.each([
    ['is not JSON', 'x'],
    ['is an array', '[]'],
    ['has a duplicate kid', text(`,"kid":"${kid}"`)],
    ['has a duplicate alg', text(',"alg":"none"')],
    ['has invalid UTF-8', Buffer.from('{"alg":"\xff"}', 'latin1')],
    ['has no alg', { alg: undefined }],
    ['has an alg that is not a string', { alg: [algorithm] }],
    ['has a kid that is not a string', { kid: 1 }],
    ['has a kid that is null', { kid: null }],
    ['has a typ that is not a string', { typ: ['JWT'] }],
    ['has a cty that is not a string', { cty: {} }],
  ])('is refused if it %s', async (_what, header) => {
    expect(await outcomeOf(issuer.sign({ header, payload }))).toBe('header_malformed')
  })

  test.each([
    { crit: [] },
    { crit: ['exp'], exp: 1 },
    { crit: null },
    { b64: true },
    { b64: false },
    { zip: 'DEF' },
    { enc: 'A128GCM' },
    { epk: {} },
    { apu: '' },
    { apv: '' },
    { p2s: '' },
    { p2c: 1 },
    { iv: '' },
    { tag: '' },
    { cty: 'JWT' },
    { cty: 'jwt' },
    { cty: 'application/jwt' },
    { cty: 'Application/JWT' },
  ])('is refused as unsupported if it has %j', async (members) => {
    expect(await outcomeOf(withHeader(members))).toBe('header_unsupported')
  })

  test.each([{ x5t: 'x' }, { 'x5t#S256': 'x' }, { cty: 'json' }, { other: { deep: [1] } }])(
    'is accepted if it has %j',
    async (members) => {
      expect(await outcomeOf(withHeader(members))).toBe('granted')
    },
  )

  test('cannot provide the key: jwk, jku, x5u and x5c are ignored', async () => {
    const ownKey = createSigningKey('ES256', kid)
    const jwk = ownKey.publicJwk
    for (const parameter of [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'x' },
      { x5c: [] },
    ]) {
      const header = { ...parameter }
      expect(await outcomeOf(issuer.sign({ header, payload, key: ownKey }))).toBe(
        'signature_invalid',
      )
    }
  })
})

describe('the payload', () => {
  test.each([
    ['is not JSON', 'x'],
    ['is an array', `[${json}]`],
    ['is a string', JSON.stringify(json)],
    ['has a duplicate member', `${json.slice(0, -1)},"aud":"${aud}"}`],
    [
      'has a duplicate member that is escaped once',
      String.raw`${json.slice(0, -1)},"\u0061ud":"x"}`,
    ],
    ['has invalid UTF-8', Buffer.from(`${json.slice(0, -1)},"name":"\xe9"}`, 'latin1')],
    ['starts with a byte order mark', `\uFEFF${json}`],
    ['has a lone surrogate', String.raw`${json.slice(0, -1)},"name":"\ud800"}`],
    ['has data after the object', `${json} {}`],
    ['is nested too deeply', `${json.slice(0, -1)},"deep":${'['.repeat(40)}${']'.repeat(40)}}`],
  ])('is refused if it %s', async (_what, text) => {
    expect(await outcomeOf(issuer.sign({ payload: text }))).toBe('payload_malformed')
  })
})

describe('headerOf', () => {
  const segment = (header: object): string =>
    Buffer.from(JSON.stringify(header)).toString('base64url')

  test('reads the header of a token that was parsed before, and of one that is no longer cached', () => {
    expect(headerOf(good)).toEqual({ alg: algorithm, kid, typ: undefined })
    const large = 'k'.repeat(400)
    const token = `${segment({ alg: 'ES256', kid: large })}.payload.signature`
    expect(headerOf(token)).toEqual({ alg: 'ES256', kid: large, typ: undefined })
  })

  test.each([
    ['no segments', 'token'],
    ['a header that is not base64url', '?.b.c'],
    ['a header that is not an object', 'bnVsbA.b.c'],
    ['a header without alg', `${segment({ kid: 'a' })}.b.c`],
  ])('throws for %s', (_what, text) => {
    expect(() => headerOf(text)).toThrow('expected a token that was parsed before')
  })
})
