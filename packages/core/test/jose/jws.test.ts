import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { aud, judgeFor, startIssuer } from '../support.ts'

// Each token but the last one is properly signed: nothing but the parser can refuse it.

const issuer = await startIssuer()
const judge = judgeFor(issuer)
const { kid, algorithm } = issuer.key
const now = issuer.clock.now() / 1000
const payload = { iss: issuer.url, sub: 'user-42', aud, iat: now, exp: now + 300 }
const json = JSON.stringify(payload)
const withHeader = (members: object) => issuer.sign({ header: { ...members }, payload })
const good = issuer.sign({ payload })

test('the token that the others are made of is good', async () => {
  expect(await judge(good)).toBe('granted')
})

describe('the text of a token', () => {
  const [header, claims, signature] = good.split('.') as [string, string, string]
  const join = (...parts: string[]): string => parts.join('.')
  /** The same bits, spelled with unused bits that are not zero. */
  const otherSpelling = (segment: string): string => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(segment.at(-1)!)
    return segment.slice(0, -1) + alphabet[last ^ 1]
  }

  test.each([
    ['nothing', ''],
    ['one dot', '.'],
    ['two dots', '..'],
    ['ten thousand dots', '.'.repeat(8000)],
    ['two segments', join(header, claims)],
    ['four segments', join(header, claims, signature, signature)],
    ['six segments', join(header, claims, signature, 'A', 'A', 'A')],
    ['no header', join('', claims, signature)],
    ['no payload', join(header, '', signature)],
    ['no signature', join(header, claims, '')],
    ['a dot at the end', `${good}.`],
    ['padding', `${good}=`],
    ['white space before', ` ${good}`],
    ['white space after', `${good}\n`],
    ['white space within', join(header, claims, ` ${signature}`)],
    ['a NUL', `${good}\0`],
    ['the standard alphabet', join(header, claims, `${signature.slice(0, -4)}+/AA`)],
    ['a letter that only looks like one', good.replace('e', 'е')],
    ['a segment of impossible length', join(header, claims, `${signature}AAA`)],
    ['another spelling of the signature', join(header, claims, otherSpelling(signature))],
    ['the JSON serialization', JSON.stringify({ protected: header, payload: claims, signature })],
  ])('is refused with %s', async (_what, token) => {
    expect(await judge(token)).toBe('token_malformed')
  })

  test.each(['AAAB', 'AAAAAA', 'AAAAAAA'])(
    'a signature of other bytes (%s) is another',
    async (s) => {
      expect(await judge(join(header, claims, s))).toBe('signature_invalid')
    },
  )

  test.each([undefined, null, 1, {}, [good], Object(good), Buffer.from(good)])(
    'is refused where it is no string: %s',
    async (token) => {
      expect(await judge(token as string)).toBe('token_malformed')
    },
  )

  test('is refused with five segments, as encrypted ones have', async () => {
    expect(await judge(join(header, claims, signature, 'A', 'A'))).toBe('token_encrypted')
  })

  test('is looked at up to the limit, and not beyond it', async () => {
    // A segment of base64url takes three of every four lengths; two of them together take all.
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
    expect(await judge(exactly(8192))).toBe('granted')
    expect(await judge(exactly(8193))).toBe('token_too_large')
    expect(await judge(exactly(8193), { maxTokenBytes: 8193 })).toBe('granted')
    expect(await judge(good, { maxTokenBytes: good.length - 1 })).toBe('token_too_large')
    expect(await judge(good, { maxTokenBytes: good.length })).toBe('granted')
  })
})

describe('the header', () => {
  const text = (more: string): string => `{"alg":"${algorithm}","kid":"${kid}"${more}}`

  test.each([
    ['no JSON', 'x'],
    ['a list', '[]'],
    ['a name twice', text(`,"kid":"${kid}"`)],
    ['alg twice', text(',"alg":"none"')],
    ['broken UTF-8', Buffer.from('{"alg":"\xff"}', 'latin1')],
    ['no alg', { alg: undefined }],
    ['an alg that is no string', { alg: [algorithm] }],
    ['a kid that is no string', { kid: 1 }],
    ['a kid that is null', { kid: null }],
    ['a typ that is no string', { typ: ['JWT'] }],
    ['a cty that is no string', { cty: {} }],
  ])('is refused with %s', async (_what, header) => {
    expect(await judge(issuer.sign({ header, payload }))).toBe('header_malformed')
  })

  test.each([
    ...[{ crit: [] }, { crit: ['exp'], exp: 1 }, { crit: null }, { b64: true }, { b64: false }],
    ...[{ zip: 'DEF' }, { enc: 'A128GCM' }, { epk: {} }, { apu: '' }, { apv: '' }, { p2s: '' }],
    ...[{ p2c: 1 }, { iv: '' }, { tag: '' }],
    ...[{ cty: 'JWT' }, { cty: 'jwt' }, { cty: 'application/jwt' }, { cty: 'Application/JWT' }],
  ])('is refused with %j', async (members) => {
    expect(await judge(withHeader(members))).toBe('header_unsupported')
  })

  test.each([{ x5t: 'x' }, { 'x5t#S256': 'x' }, { cty: 'json' }, { other: { deep: [1] } }])(
    'may hold %j, which changes nothing',
    async (members) => {
      expect(await judge(withHeader(members))).toBe('granted')
    },
  )

  test('names no key that is believed: an own one in it is never looked at', async () => {
    const own = createSigningKey('ES256', kid)
    const jwk = own.publicJwk
    for (const offered of [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'x' },
      { x5c: [] },
    ]) {
      const header = { ...offered }
      expect(await judge(issuer.sign({ header, payload, key: own }))).toBe('signature_invalid')
    }
  })
})

describe('the payload', () => {
  test.each([
    ['no JSON', 'x'],
    ['a list', `[${json}]`],
    ['a string', JSON.stringify(json)],
    ['a name twice', `${json.slice(0, -1)},"aud":"${aud}"}`],
    ['a name twice, once escaped', String.raw`${json.slice(0, -1)},"\u0061ud":"x"}`],
    ['broken UTF-8', Buffer.from(`${json.slice(0, -1)},"name":"\xe9"}`, 'latin1')],
    ['a byte order mark', `\uFEFF${json}`],
    ['a lone surrogate', String.raw`${json.slice(0, -1)},"name":"\ud800"}`],
    ['something behind it', `${json} {}`],
    ['too many levels', `${json.slice(0, -1)},"deep":${'['.repeat(40)}${']'.repeat(40)}}`],
  ])('is refused with %s', async (_what, odd) => {
    expect(await judge(issuer.sign({ payload: odd }))).toBe('payload_malformed')
  })
})
