import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import { describe, expect, test } from 'vitest'
import { createSigningKey } from '@resource-server/testing'
import rsa6144 from './rsa-6144.json' with { type: 'json' }
import type { Algorithm } from '../../src/options/algorithms.ts'
import type { VerificationKey } from '../../src/jose/jwk.ts'
import { readKeys } from '../../src/jose/key-set.ts'
import { parseJws, type Unverified } from '../../src/jose/jws.ts'
import { createPolicy, type IssuerPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { type Cryptography, verifySignature } from '../../src/jose/signature.ts'

// Both implementations must agree on every signature, valid or not. Wycheproof's vectors are in
// test/security. This file has the signatures that WebCrypto and OpenSSL are known to treat differently.

const algorithms: readonly Algorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
const implementations: readonly Cryptography[] = ['native', 'webcrypto']

const policyFor = (algorithm: Algorithm): IssuerPolicy =>
  createPolicy(
    { issuer: 'https://as.example', audience: 'a', algorithms: [algorithm] },
    'verifier',
  ).issuers.get('https://as.example')!

async function importKey(jwk: object, algorithm: Algorithm): Promise<VerificationKey> {
  const { keys, skipped } = await readKeys([jwk], policyFor(algorithm))
  if (!keys[0]) throw new Error(skipped[0]?.reason)
  return keys[0]
}

const encode = (part: object | Uint8Array): string =>
  (part instanceof Uint8Array ? Buffer.from(part) : Buffer.from(JSON.stringify(part))).toString(
    'base64url',
  )

const signedPart = (alg: string): string =>
  `${encode({ alg })}.${encode({ iss: 'https://as.example' })}`

function tokenWith(alg: string, signature: Uint8Array): Unverified {
  const parsed = parseJws(`${signedPart(alg)}.${encode(signature)}`, 8192)
  if (parsed instanceof Refusal) throw new Error(parsed.reason)
  return parsed
}

async function resultsOf(unverified: Unverified, key: VerificationKey): Promise<readonly string[]> {
  const results = implementations.map(async (implementation) =>
    verifySignature(unverified, key, implementation),
  )
  return (await Promise.all(results)).map((result) =>
    result instanceof Refusal ? result.code : 'valid',
  )
}

const bothValid = ['valid', 'valid']
const bothInvalid = ['signature_invalid', 'signature_invalid']

const hashOf = (algorithm: Algorithm): string | null =>
  algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`

function signWith(algorithm: Algorithm, key: KeyObject, options: object = {}): Buffer {
  const padding = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  const data = Buffer.from(signedPart(algorithm))
  return sign(hashOf(algorithm), data, { key, dsaEncoding: 'ieee-p1363', ...padding, ...options })
}

const flip = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

describe.each(algorithms)('%s', async (algorithm) => {
  const pair = createSigningKey(algorithm, 'k')
  const privateKey = createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' })
  const key = await importKey(pair.publicJwk, algorithm)
  const other = await importKey(createSigningKey(algorithm, 'k').publicJwk, algorithm)
  const good = signWith(algorithm, privateKey)

  test('a correct signature is valid', async () => {
    expect(await resultsOf(tokenWith(algorithm, good), key)).toEqual(bothValid)
  })

  test('a correct signature is invalid for another key', async () => {
    expect(await resultsOf(tokenWith(algorithm, good), other)).toEqual(bothInvalid)
  })

  test('a signature with a flipped bit is invalid', async () => {
    for (let at = 0; at < good.length; at += Math.ceil(good.length / 16)) {
      expect(await resultsOf(tokenWith(algorithm, flip(good, at)), key)).toEqual(bothInvalid)
    }
    expect(await resultsOf(tokenWith(algorithm, flip(good, good.length - 1)), key)).toEqual(
      bothInvalid,
    )
  })

  test.each([
    ['is a single byte', () => Buffer.alloc(1)],
    ['is all zeros', () => Buffer.alloc(good.length)],
    ['has all bits set', () => Buffer.alloc(good.length, 0xff)],
    ['lacks its first byte', () => good.subarray(1)],
    ['lacks its last byte', () => good.subarray(0, -1)],
    ['starts with an extra zero byte', () => Buffer.concat([Buffer.alloc(1), good])],
    ['ends with an extra zero byte', () => Buffer.concat([good, Buffer.alloc(1)])],
    ['occurs twice', () => Buffer.concat([good, good])],
  ])('a signature that %s is invalid', async (_what, make) => {
    expect(await resultsOf(tokenWith(algorithm, make()), key)).toEqual(bothInvalid)
  })

  test('a header with another alg makes the signature invalid', async () => {
    for (const alg of [...algorithms.filter((name) => name !== algorithm), 'none', 'HS256', 'x']) {
      const { raw: _, ...rest } = tokenWith(algorithm, good)
      const renamed = {
        ...rest,
        raw: tokenWith(alg, good).raw,
        header: tokenWith(alg, good).header,
      }
      expect(await resultsOf(renamed as Unverified, key)).toEqual(bothInvalid)
    }
  })
})

describe('RSA', () => {
  const pair = createSigningKey('RS256', 'k')
  const privateKey = createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' })

  // OpenSSL accepts a signature without leading zero bytes. RFC 8017 requires the full length.
  test('a PSS signature without its leading zero byte is invalid', async () => {
    const key = await importKey({ ...pair.publicJwk, alg: 'PS256' }, 'PS256')
    let signature = signWith('PS256', privateKey)
    while (signature[0] !== 0) signature = signWith('PS256', privateKey)
    expect(await resultsOf(tokenWith('PS256', signature), key)).toEqual(bothValid)
    expect(await resultsOf(tokenWith('PS256', signature.subarray(1)), key)).toEqual(bothInvalid)
  })

  test.each([0, 20, 31, 33, 64, 222])(
    'a PSS signature with a salt of %i bytes instead of 32 is invalid',
    async (saltLength) => {
      const key = await importKey({ ...pair.publicJwk, alg: 'PS256' }, 'PS256')
      const signature = signWith('PS256', privateKey, { saltLength })
      expect(await resultsOf(tokenWith('PS256', signature), key)).toEqual(bothInvalid)
    },
  )

  test('a PKCS1 signature is invalid as PSS, and a PSS signature as PKCS1', async () => {
    const rs = await importKey(pair.publicJwk, 'RS256')
    const ps = await importKey({ ...pair.publicJwk, alg: 'PS256' }, 'PS256')
    const pkcs1 = { padding: constants.RSA_PKCS1_PADDING, saltLength: undefined }
    const asPss = signWith('PS256', privateKey, pkcs1)
    expect(await resultsOf(tokenWith('PS256', asPss), ps)).toEqual(bothInvalid)
    const asPkcs1 = signWith('RS256', privateKey, {
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    })
    expect(await resultsOf(tokenWith('RS256', asPkcs1), rs)).toEqual(bothInvalid)
  })

  test('a key of 3072 bits verifies signatures', async () => {
    const { publicKey, privateKey: own } = newKeyPair(['rsa', { modulusLength: 3072 }])
    const key = await importKey(publicKey.export({ format: 'jwk' }), 'RS256')
    const signature = signWith('RS256', own)
    expect(await resultsOf(tokenWith('RS256', signature), key)).toEqual(bothValid)
    expect(await resultsOf(tokenWith('RS256', flip(signature, 9)), key)).toEqual(bothInvalid)
  })

  test('a key of 6144 bits verifies signatures in the thread pool', async () => {
    // Generating such a key takes half a minute, so this one was generated once.
    const key = await importKey(rsa6144.jwk, 'RS256')
    const signature = Buffer.from(rsa6144.signature, 'base64url')
    expect(verifySignature(tokenWith('RS256', signature), key)).toBeInstanceOf(Promise)
    expect(await resultsOf(tokenWith('RS256', signature), key)).toEqual(bothValid)
    expect(await resultsOf(tokenWith('RS256', flip(signature, 9)), key)).toEqual(bothInvalid)
  })
})

describe('ES256', async () => {
  const pair = createSigningKey('ES256', 'k')
  const privateKey = createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' })
  const key = await importKey(pair.publicJwk, 'ES256')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const bytesOf = (value: bigint): Buffer =>
    Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

  test('a signature in DER format is invalid', async () => {
    const der = signWith('ES256', privateKey, { dsaEncoding: 'der' })
    expect(await resultsOf(tokenWith('ES256', der), key)).toEqual(bothInvalid)
  })

  test.each([
    ['r = 0', (_r: bigint, s: bigint) => [0n, s]],
    ['s = 0', (r: bigint, _s: bigint) => [r, 0n]],
    ['r = 0 and s = 0', () => [0n, 0n]],
    ['r greater than the order of the curve', (r: bigint, s: bigint) => [r + order, s]],
    ['r equal to the order of the curve', (_r: bigint, s: bigint) => [order, s]],
    ['s equal to the order of the curve', (r: bigint, _s: bigint) => [r, order]],
  ] as const)('a signature with %s is invalid', async (_what, change) => {
    const good = signWith('ES256', privateKey).toString('hex')
    const [r = 0n, s = 0n] = change(BigInt(`0x${good.slice(0, 64)}`), BigInt(`0x${good.slice(64)}`))
    const forged = [r, s].map((value) => bytesOf(value % 2n ** 256n))
    expect(await resultsOf(tokenWith('ES256', Buffer.concat(forged)), key)).toEqual(bothInvalid)
  })
})

describe('EdDSA', async () => {
  const pair = createSigningKey('EdDSA', 'k')
  const privateKey = createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' })
  const key = await importKey(pair.publicJwk, 'EdDSA')
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const number = (bytes: Buffer): bigint =>
    BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
  const bytesOf = (value: bigint): Buffer =>
    Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed())

  test('a signature whose S is not reduced is invalid (RFC 8032 section 5.1.7)', async () => {
    const good = signWith('EdDSA', privateKey)
    const s = number(good.subarray(32)) + order
    const malleated = Buffer.concat([good.subarray(0, 32), bytesOf(s)])
    expect(await resultsOf(tokenWith('EdDSA', malleated), key)).toEqual(bothInvalid)
  })

  test('both implementations agree on a public key of small order', async () => {
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])
    const weak = await importKey({ kty: 'OKP', crv: 'Ed25519', x: encode(identity) }, 'EdDSA')
    const forged = Buffer.concat([identity, Buffer.alloc(32)])
    const [native, webcrypto] = await resultsOf(tokenWith('EdDSA', forged), weak)
    expect(native).toBe(webcrypto)
  })
})

test('only ES384 and ES512 are verified asynchronously', async () => {
  const asynchronous: Algorithm[] = []
  for (const algorithm of algorithms) {
    const pair = createSigningKey(algorithm, 'k')
    const key = await importKey(pair.publicJwk, algorithm)
    const signature = signWith(
      algorithm,
      createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' }),
    )
    const result = verifySignature(tokenWith(algorithm, signature), key)
    if (result instanceof Promise) asynchronous.push(algorithm)
    expect(await result).not.toBeInstanceOf(Refusal)
  }
  expect(asynchronous).toEqual(['ES384', 'ES512'])
})
