import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { aud, judgeFor, startIssuer } from './support.ts'

const issuer = await startIssuer()
const judge = judgeFor(issuer)

test('a forged token is refused, whatever the forgery', async () => {
  const outcomes = Object.entries(issuer.forge).map(async ([name, forge]) => [
    name,
    await judge(forge({ aud })),
  ])
  expect(Object.fromEntries(await Promise.all(outcomes))).toEqual({
    unsigned: 'token_malformed',
    hmacWithPublicKey: 'algorithm_not_allowed',
    strangersKey: 'signature_invalid',
    wrongIssuer: 'issuer_not_trusted',
    tampered: 'signature_invalid',
    expired: 'token_expired',
  })
})

describe('an ECDSA signature', () => {
  const token = issuer.token({ aud })
  const input = token.slice(0, token.lastIndexOf('.'))
  const bytes = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
  const withSignature = (signature: Uint8Array) =>
    judge(`${input}.${Buffer.from(signature).toString('base64url')}`)

  test('is taken as it was made', async () => {
    expect(await withSignature(bytes)).toBe('granted')
  })

  test.each([
    ['of zeros, which CVE-2022-21449 accepted', Buffer.alloc(64)],
    ['with r = 0', Buffer.concat([Buffer.alloc(32), bytes.subarray(32)])],
    ['with s = 0', Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(32)])],
    ['of ones', Buffer.alloc(64, 0xff)],
    ['a byte too short', bytes.subarray(0, 63)],
    ['a byte too long', Buffer.concat([bytes, Buffer.from([0])])],
    ['of one byte', Buffer.from([0])],
    ['with its halves swapped', Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])],
    ['in DER', Buffer.concat([Buffer.from([0x30, 0x44, 0x02, 0x20]), bytes.subarray(0, 32)])],
  ])('%s is none', async (_what, signature) => {
    expect(await withSignature(signature)).toBe('signature_invalid')
  })
})

test.each(['RS256', 'PS256', 'ES384', 'EdDSA'] as const)(
  'a signature of %s counts for the very text that was signed',
  async (algorithm) => {
    await using other = await startIssuer({ algorithm })
    const judgeOther = judgeFor(other)
    const [head, claims, signature] = other.token({ aud }).split('.')
    const [, changed] = other.token({ aud, sub: 'admin' }).split('.')
    const judgeParts = (...parts: (string | undefined)[]) => judgeOther(parts.join('.'))
    expect(await judgeParts(head, claims, signature)).toBe('granted')
    expect(await judgeParts(head, changed, signature)).toBe('signature_invalid')
    const header = Buffer.from(JSON.stringify({ typ: 'JWT', alg: algorithm, kid: other.key.kid }))
    const anotherHead = header.toString('base64url')
    expect(await judgeParts(anotherHead, claims, signature)).toBe('signature_invalid')
  },
)

test('a key of the right name and the wrong type is no key', async () => {
  const rsa = createSigningKey('RS256', issuer.key.kid)
  const payload = { iss: issuer.url }
  expect(await judge(issuer.sign({ payload, key: rsa }))).toBe('key_not_found')
})
