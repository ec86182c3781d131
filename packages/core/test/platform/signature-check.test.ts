import { CompactSign, type CryptoKey, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { type Kind, newKeyPair } from '../../../../test/key-pairs.ts'
import { signatureCheck } from '../../src/platform/node-crypto.ts'
import * as web from '../../src/platform/web-crypto.ts'

// jose signs with WebCrypto, and signatureCheck verifies with OpenSSL.

const rsa = newKeyPair(['rsa', { modulusLength: 2048 }])
const curve = (namedCurve: string) => newKeyPair(['ec', { namedCurve }] satisfies Kind)
const edwards = newKeyPair(['ed25519'])
const pairs = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: curve('P-256'),
  ES384: curve('P-384'),
  ES512: curve('P-521'),
  EdDSA: edwards,
}
type Algorithm = keyof typeof pairs
const algorithms = Object.keys(pairs) as Algorithm[]

const imported = async (jwk: object, algorithm: string): Promise<CryptoKey> =>
  (await importJWK(jwk, algorithm)) as CryptoKey

const publicKey = (algorithm: Algorithm): Promise<CryptoKey> =>
  imported(pairs[algorithm].publicKey.export({ format: 'jwk' }), algorithm)

async function signed(algorithm: Algorithm): Promise<readonly [text: string, signature: Buffer]> {
  const key = await imported(pairs[algorithm].privateKey.export({ format: 'jwk' }), algorithm)
  const token = await new CompactSign(Buffer.from('{}'))
    .setProtectedHeader({ alg: algorithm })
    .sign(key)
  const end = token.lastIndexOf('.')
  return [token.slice(0, end), Buffer.from(token.slice(end + 1), 'base64url')]
}

describe.each(algorithms)('signatureCheck for %s', (algorithm) => {
  test('accepts the signed text and refuses any other text', async () => {
    const check = signatureCheck(algorithm, await publicKey(algorithm))!
    const [text, signature] = await signed(algorithm)
    expect(await check(text, signature)).toBe(true)
    expect(await check(`${text}x`, signature)).toBe(false)
  })

  test('refuses signatures with another hash or padding', async () => {
    const check = signatureCheck(algorithm, await publicKey(algorithm))!
    const others = algorithms.filter(
      (other) => other !== algorithm && pairs[other] === pairs[algorithm],
    )
    const results = others.map(async (other) => check(...(await signed(other))))
    expect(await Promise.all(results)).toEqual(others.map(() => false))
  })

  test('is synchronous unless the algorithm is slow', async () => {
    const check = signatureCheck(algorithm, await publicKey(algorithm))!
    const slow = ['ES384', 'ES512'].includes(algorithm)
    const answer = check('', Buffer.alloc(64))
    expect(answer instanceof Promise).toBe(slow)
    expect(await answer).toBe(false)
  })
})

test.each([
  [2048, false],
  [4096, false],
  [4104, true],
])('signatureCheck for an RSA key of %i bits is asynchronous: %s', async (bits, slow) => {
  const modulus = Buffer.alloc(bits / 8, 0xff).toString('base64url')
  const key = await imported({ kty: 'RSA', n: modulus, e: 'AQAB' }, 'RS256')
  const answer = signatureCheck('RS256', key)!('', Buffer.alloc(bits / 8, 1))
  expect(answer instanceof Promise).toBe(slow)
  expect(await answer).toBe(false)
})

test('signatureCheck throws or rejects if the key does not fit the algorithm', async () => {
  const key = await publicKey('EdDSA')
  expect(() => signatureCheck('ES256', key)!('', Buffer.alloc(64))).toThrow(Error)
  await expect(signatureCheck('ES384', key)!('', Buffer.alloc(96))).rejects.toThrow(Error)
})

test('signatureCheck returns undefined for an algorithm that it does not know', async () => {
  const key = await publicKey('EdDSA')
  expect(signatureCheck('ES256K', key)).toBe(undefined)
  expect(signatureCheck('Ed25519', key)).toBe(undefined)
})

test('the web platform has neither a signatureCheck nor a digest', () => {
  expect(web.signatureCheck('ES256', {})).toBe(undefined)
  expect(web.digest).toBe(undefined)
})
