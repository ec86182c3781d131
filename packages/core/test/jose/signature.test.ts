import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import type { VerificationKey } from '../../src/jose/jwk.ts'
import { readKeys } from '../../src/jose/key-set.ts'
import { parseJws, type Unverified } from '../../src/jose/jws.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { refuse } from '../../src/errors/refusal.ts'
import { hasValidSignature, verifySignature } from '../../src/jose/signature.ts'
import { aud, outcomeFor, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const outcomeOf = outcomeFor(issuer)

test('every kind of forged token is refused', async () => {
  const outcomes = Object.entries(issuer.forge).map(async ([name, forge]) => [
    name,
    await outcomeOf(forge({ aud })),
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

/** The two halves as a SEQUENCE of INTEGERs, as X9.62 writes a signature. */
function derOf(signature: Buffer): Buffer {
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((half) => {
    const digits = half.subarray(half.findIndex((byte) => byte !== 0))
    const content = digits.readUInt8() < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits])
    return Buffer.concat([Buffer.of(0x02, content.length), content])
  })
  const content = Buffer.concat(integers)
  return Buffer.concat([Buffer.of(0x30, content.length), content])
}

describe('an ES256 signature', () => {
  const token = issuer.token({ aud })
  const input = token.slice(0, token.lastIndexOf('.'))
  const bytes = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
  const withSignature = (signature: Uint8Array) =>
    outcomeOf(`${input}.${Buffer.from(signature).toString('base64url')}`)

  test('is accepted unmodified', async () => {
    expect(await withSignature(bytes)).toBe('granted')
  })

  test.each([
    ['of zeros (accepted by CVE-2022-21449)', Buffer.alloc(64)],
    ['with r = 0', Buffer.concat([Buffer.alloc(32), bytes.subarray(32)])],
    ['with s = 0', Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(32)])],
    ['with all bits set', Buffer.alloc(64, 0xff)],
    ['that is one byte short', bytes.subarray(0, 63)],
    ['that is one byte too long', Buffer.concat([bytes, Buffer.from([0])])],
    ['of one byte', Buffer.from([0])],
    ['with its halves swapped', Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)])],
    ['in DER format', derOf(bytes)],
  ])('%s is refused', async (_what, signature) => {
    expect(await withSignature(signature)).toBe('signature_invalid')
  })
})

test.each(['RS256', 'PS256', 'ES384', 'EdDSA'] as const)(
  'a signature with %s is valid only for the signed header and payload',
  async (algorithm) => {
    await using other = await startIssuer({ algorithm })
    const otherOutcomeOf = outcomeFor(other)
    const [head, claims, signature] = other.token({ aud }).split('.')
    const [, changed] = other.token({ aud, sub: 'admin' }).split('.')
    const outcomeOfParts = (...parts: (string | undefined)[]) => otherOutcomeOf(parts.join('.'))
    expect(await outcomeOfParts(head, claims, signature)).toBe('granted')
    expect(await outcomeOfParts(head, changed, signature)).toBe('signature_invalid')
    const header = Buffer.from(JSON.stringify({ typ: 'JWT', alg: algorithm, kid: other.key.kid }))
    const anotherHead = header.toString('base64url')
    expect(await outcomeOfParts(anotherHead, claims, signature)).toBe('signature_invalid')
  },
)

// OpenSSL accepts a signature without leading zero bytes. RFC 8017 requires the full length.
test('a PSS signature without its leading zero byte is refused', async () => {
  await using other = await startIssuer({ algorithm: 'PS256' })
  const split = (token: string): readonly [input: string, signature: Buffer] => {
    const end = token.lastIndexOf('.')
    return [token.slice(0, end), Buffer.from(token.slice(end + 1), 'base64url')]
  }
  let [input, signature] = split(other.token({ aud }))
  while (signature[0] !== 0) [input, signature] = split(other.token({ aud }))
  const otherOutcomeOf = outcomeFor(other)
  const withSignature = (bytes: Buffer) => otherOutcomeOf(`${input}.${bytes.toString('base64url')}`)
  expect(await withSignature(signature)).toBe('granted')
  expect(await withSignature(signature.subarray(1))).toBe('signature_invalid')
})

test('a token with the kid of a key of another type is refused as key_not_found', async () => {
  const rsa = createSigningKey('RS256', issuer.key.kid)
  const payload = { iss: issuer.url }
  expect(await outcomeOf(issuer.sign({ payload, key: rsa }))).toBe('key_not_found')
})

/** Imports the issuer's key. */
async function importKey(): Promise<VerificationKey> {
  const policy = createPolicy(optionsFor(issuer), 'verifier')
  const { keys, skipped } = await readKeys([issuer.key.publicJwk], policy.issuers.get(issuer.url)!)
  if (!keys[0]) throw new Error(skipped[0]?.reason)
  return keys[0]
}

const key = await importKey()

describe('verifySignature', () => {
  const invalid = refuse('signature_invalid', "the signature is not valid for the issuer's key")
  const parsed = (token: string): Unverified => parseJws(token, 16_384) as Unverified
  const token = issuer.token({ aud })
  const tampered = parsed(issuer.forge.tampered({ aud }))

  test('is synchronous with native cryptography, which is the default', () => {
    const { raw, header, claims } = parsed(token)
    const verified = { raw, header, claims, key }
    expect(verifySignature(parsed(token), key)).toEqual(verified)
    expect(verifySignature(parsed(token), key, 'native')).toEqual(verified)
    expect(verifySignature(tampered, key)).toEqual(invalid)
  })

  test('returns a promise of the same result with WebCrypto', async () => {
    const { raw, header, claims } = parsed(token)
    const verified = verifySignature(parsed(token), key, 'webcrypto')
    expect(verified).toBeInstanceOf(Promise)
    expect(await verified).toEqual({ raw, header, claims, key })
    expect(await verifySignature(tampered, key, 'webcrypto')).toEqual(invalid)
  })

  test('keeps the header of a token with a valid signature, and of no other', () => {
    const [, payload, signature] = token.split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'other' })).toString('base64url')
    const forged = `${header}.${payload}.${signature}`
    expect(verifySignature(parsed(forged), key)).toEqual(invalid)
    expect(parsed(forged).header).not.toBe(parsed(forged).header)
    expect(verifySignature(parsed(token), key)).not.toEqual(invalid)
    expect(parsed(token).header).toBe(parsed(token).header)
  })

  test.each(['RS256', 'none', 'HS256', 'Ed25519'])(
    'refuses a header with alg %s if the key is for another algorithm',
    (alg) => {
      const unverified = parsed(token)
      const changed = { ...unverified, header: { ...unverified.header, alg } }
      expect(verifySignature(changed, key)).toEqual(invalid)
    },
  )

  test('hasValidSignature returns a boolean, synchronously by default', async () => {
    expect(hasValidSignature(parsed(token), key)).toBe(true)
    expect(hasValidSignature(tampered, key)).toBe(false)
    expect(await hasValidSignature(parsed(token), key, 'webcrypto')).toBe(true)
    expect(await hasValidSignature(tampered, key, 'webcrypto')).toBe(false)
  })

  /** A token whose header has this algorithm, with a signature of this length. */
  const signedWith = (alg: string, length: number): Unverified => ({
    ...parsed(token),
    header: { alg, typ: undefined, kid: undefined },
    signature: Buffer.alloc(length),
  })

  test('uses WebCrypto for an algorithm that the native implementation lacks', async () => {
    const foreign = { algorithm: 'ML-DSA-44', key: key.key } as const
    const valid = hasValidSignature(signedWith('ML-DSA-44', 2420), foreign)
    expect(valid).toBeInstanceOf(Promise)
    expect(await valid).toBe(false)
  })

  test('refuses the signature if the key causes an error in the thread pool', async () => {
    const { publicKey } = newKeyPair(['ed25519'])
    const jwk = publicKey.export({ format: 'jwk' })
    const wrong = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', true, ['verify'])
    const valid = hasValidSignature(signedWith('ES384', 96), { algorithm: 'ES384', key: wrong })
    expect(valid).toBeInstanceOf(Promise)
    expect(await valid).toBe(false)
  })

  test('refuses the signature if the key causes an error', () => {
    const broken = { ...key, key: { algorithm: {} } as VerificationKey['key'] }
    expect(verifySignature(parsed(token), broken)).toEqual(invalid)
    expect(hasValidSignature(parsed(token), broken)).toBe(false)
  })
})
