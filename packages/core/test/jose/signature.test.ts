import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { readKeys, type VerificationKey } from '../../src/jose/jwk.ts'
import { parseJws, type Unverified } from '../../src/jose/jws.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { refuse } from '../../src/errors/refusal.ts'
import { verifySignature } from '../../src/jose/signature.ts'
import { aud, judgeFor, optionsFor, startIssuer } from '../support.ts'

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
    unknownKey: 'signature_invalid',
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

/** OpenSSL reads a shorter one as a number with zeros in front; RFC 8017 wants it whole. */
test('a PSS signature without its leading zero is none', async () => {
  await using other = await startIssuer({ algorithm: 'PS256' })
  const split = (token: string): readonly [input: string, signature: Buffer] => {
    const end = token.lastIndexOf('.')
    return [token.slice(0, end), Buffer.from(token.slice(end + 1), 'base64url')]
  }
  let [input, signature] = split(other.token({ aud }))
  while (signature[0] !== 0) [input, signature] = split(other.token({ aud }))
  const judgeOther = judgeFor(other)
  const withSignature = (bytes: Buffer) => judgeOther(`${input}.${bytes.toString('base64url')}`)
  expect(await withSignature(signature)).toBe('granted')
  expect(await withSignature(signature.subarray(1))).toBe('signature_invalid')
})

test('a key of the right name and the wrong type is no key', async () => {
  const rsa = createSigningKey('RS256', issuer.key.kid)
  const payload = { iss: issuer.url }
  expect(await judge(issuer.sign({ payload, key: rsa }))).toBe('key_not_found')
})

/** The issuer's key, as the pipeline has it. */
async function importKey(): Promise<VerificationKey> {
  const policy = createPolicy(optionsFor(issuer), 'verifier')
  const { keys, skipped } = await readKeys([issuer.key.publicJwk], policy.issuers.get(issuer.url)!)
  if (!keys[0]) throw new Error(skipped.join())
  return keys[0]
}

const key = await importKey()

describe('the call that verifies', () => {
  const invalid = refuse('signature_invalid', "the signature does not hold under the issuer's key")
  const parsed = (token: string): Unverified => parseJws(token, 16_384) as Unverified
  const token = issuer.token({ aud })
  const tampered = parsed(issuer.forge.tampered({ aud }))

  test('answers at once by the native way, which is the default', () => {
    const { raw, header, claims } = parsed(token)
    const verified = { raw, header, claims, key }
    expect(verifySignature(parsed(token), key)).toEqual(verified)
    expect(verifySignature(parsed(token), key, 'native')).toEqual(verified)
    expect(verifySignature(tampered, key)).toEqual(invalid)
  })

  test('answers later by WebCrypto, and the same', async () => {
    const { raw, header, claims } = parsed(token)
    const verified = verifySignature(parsed(token), key, 'webcrypto')
    expect(verified).toBeInstanceOf(Promise)
    expect(await verified).toEqual({ raw, header, claims, key })
    expect(await verifySignature(tampered, key, 'webcrypto')).toEqual(invalid)
  })

  test.each(['RS256', 'none', 'HS256', 'Ed25519'])(
    'believes no header that says %s of a key for another algorithm',
    (alg) => {
      const unverified = parsed(token)
      const changed = { ...unverified, header: { ...unverified.header, alg } }
      expect(verifySignature(changed, key)).toEqual(invalid)
    },
  )

  test('takes a key that cannot be used for one that does not fit', () => {
    const broken = { ...key, key: { algorithm: {} } as VerificationKey['key'] }
    expect(verifySignature(parsed(token), broken)).toEqual(invalid)
  })
})
