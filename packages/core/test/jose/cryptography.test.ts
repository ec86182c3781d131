import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import { describe, expect, test } from 'vitest'
import { createSigningKey } from '@resource-server/testing'
import rsa6144 from './rsa-6144.json' with { type: 'json' }
import type { Algorithm } from '../../src/options/algorithms.ts'
import { readKeys, type VerificationKey } from '../../src/jose/jwk.ts'
import { parseJws, type Unverified } from '../../src/jose/jws.ts'
import { createPolicy, type IssuerPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { type Cryptography, verifySignature } from '../../src/jose/signature.ts'

// The two ways to verify must agree on every signature, right or wrong. Wycheproof's vectors are in
// test/security; here are the signatures that WebCrypto and OpenSSL are known to read differently.

const algorithms: readonly Algorithm[] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA'] as const),
]
const ways: readonly Cryptography[] = ['native', 'webcrypto']

const policyFor = (algorithm: Algorithm): IssuerPolicy =>
  createPolicy(
    { issuer: 'https://as.example', audience: 'a', algorithms: [algorithm] },
    'verifier',
  ).issuers.get('https://as.example')!

async function importKey(jwk: object, algorithm: Algorithm): Promise<VerificationKey> {
  const { keys, skipped } = await readKeys([jwk], policyFor(algorithm))
  if (!keys[0]) throw new Error(skipped.join())
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

async function verdicts(unverified: Unverified, key: VerificationKey): Promise<readonly string[]> {
  const results = ways.map(async (way) => verifySignature(unverified, key, way))
  return (await Promise.all(results)).map((result) =>
    result instanceof Refusal ? result.code : 'holds',
  )
}

const bothHold = ['holds', 'holds']
const bothRefuse = ['signature_invalid', 'signature_invalid']

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

  test('a good signature holds', async () => {
    expect(await verdicts(tokenWith(algorithm, good), key)).toEqual(bothHold)
  })

  test('it does not hold under another key', async () => {
    expect(await verdicts(tokenWith(algorithm, good), other)).toEqual(bothRefuse)
  })

  test('no bit may differ', async () => {
    for (let at = 0; at < good.length; at += Math.ceil(good.length / 16)) {
      expect(await verdicts(tokenWith(algorithm, flip(good, at)), key)).toEqual(bothRefuse)
    }
    expect(await verdicts(tokenWith(algorithm, flip(good, good.length - 1)), key)).toEqual(
      bothRefuse,
    )
  })

  test.each([
    ['empty but for one byte', () => Buffer.alloc(1)],
    ['all zero', () => Buffer.alloc(good.length)],
    ['all ones', () => Buffer.alloc(good.length, 0xff)],
    ['a byte short', () => good.subarray(1)],
    ['a byte short at the end', () => good.subarray(0, -1)],
    ['a zero longer in front', () => Buffer.concat([Buffer.alloc(1), good])],
    ['a zero longer at the end', () => Buffer.concat([good, Buffer.alloc(1)])],
    ['twice as long', () => Buffer.concat([good, good])],
  ])('a signature that is %s does not hold', async (_what, make) => {
    expect(await verdicts(tokenWith(algorithm, make()), key)).toEqual(bothRefuse)
  })

  test('a header that names another algorithm does not choose it', async () => {
    for (const alg of [...algorithms.filter((name) => name !== algorithm), 'none', 'HS256', 'x']) {
      const { raw: _, ...rest } = tokenWith(algorithm, good)
      const renamed = {
        ...rest,
        raw: tokenWith(alg, good).raw,
        header: tokenWith(alg, good).header,
      }
      expect(await verdicts(renamed as Unverified, key)).toEqual(bothRefuse)
    }
  })
})

describe('RSA', () => {
  const pair = createSigningKey('RS256', 'k')
  const privateKey = createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' })

  /** OpenSSL reads a shorter signature as a number with zeros in front; RFC 8017 wants it whole. */
  test('a PSS signature without its leading zero does not hold', async () => {
    const key = await importKey({ ...pair.publicJwk, alg: 'PS256' }, 'PS256')
    let signature = signWith('PS256', privateKey)
    while (signature[0] !== 0) signature = signWith('PS256', privateKey)
    expect(await verdicts(tokenWith('PS256', signature), key)).toEqual(bothHold)
    expect(await verdicts(tokenWith('PS256', signature.subarray(1)), key)).toEqual(bothRefuse)
  })

  test.each([0, 20, 31, 33, 64, 222])(
    'a PSS salt of %i bytes is not one of 32',
    async (saltLength) => {
      const key = await importKey({ ...pair.publicJwk, alg: 'PS256' }, 'PS256')
      const signature = signWith('PS256', privateKey, { saltLength })
      expect(await verdicts(tokenWith('PS256', signature), key)).toEqual(bothRefuse)
    },
  )

  test('PKCS1 is not PSS, nor the other way round', async () => {
    const [rs, ps] = [
      await importKey(pair.publicJwk, 'RS256'),
      await importKey({ ...pair.publicJwk, alg: 'PS256' }, 'PS256'),
    ]
    const pkcs1 = { padding: constants.RSA_PKCS1_PADDING, saltLength: undefined }
    const asPss = signWith('PS256', privateKey, pkcs1)
    expect(await verdicts(tokenWith('PS256', asPss), ps)).toEqual(bothRefuse)
    const asPkcs1 = signWith('RS256', privateKey, {
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    })
    expect(await verdicts(tokenWith('RS256', asPkcs1), rs)).toEqual(bothRefuse)
  })

  test('a modulus of 3072 bits', async () => {
    const { publicKey, privateKey: own } = newKeyPair(['rsa', { modulusLength: 3072 }])
    const key = await importKey(publicKey.export({ format: 'jwk' }), 'RS256')
    const signature = signWith('RS256', own)
    expect(await verdicts(tokenWith('RS256', signature), key)).toEqual(bothHold)
    expect(await verdicts(tokenWith('RS256', flip(signature, 9)), key)).toEqual(bothRefuse)
  })

  test('a modulus of 6144 bits, in the thread pool', async () => {
    // Such a key takes half a minute to make, so this one was made once.
    const key = await importKey(rsa6144.jwk, 'RS256')
    const signature = Buffer.from(rsa6144.signature, 'base64url')
    expect(verifySignature(tokenWith('RS256', signature), key)).toBeInstanceOf(Promise)
    expect(await verdicts(tokenWith('RS256', signature), key)).toEqual(bothHold)
    expect(await verdicts(tokenWith('RS256', flip(signature, 9)), key)).toEqual(bothRefuse)
  })
})

describe('ES256', async () => {
  const pair = createSigningKey('ES256', 'k')
  const privateKey = createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' })
  const key = await importKey(pair.publicJwk, 'ES256')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const bytesOf = (value: bigint): Buffer =>
    Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

  test('DER is not the form of a JWS', async () => {
    const der = signWith('ES256', privateKey, { dsaEncoding: 'der' })
    expect(await verdicts(tokenWith('ES256', der), key)).toEqual(bothRefuse)
  })

  test.each([
    ['r of zero', (_r: bigint, s: bigint) => [0n, s]],
    ['s of zero', (r: bigint, _s: bigint) => [r, 0n]],
    ['both zero', () => [0n, 0n]],
    ['r beyond the order', (r: bigint, s: bigint) => [r + order, s]],
    ['r of the order', (_r: bigint, s: bigint) => [order, s]],
    ['s of the order', (r: bigint, _s: bigint) => [r, order]],
  ] as const)('%s does not hold', async (_what, change) => {
    const good = signWith('ES256', privateKey).toString('hex')
    const [r = 0n, s = 0n] = change(BigInt(`0x${good.slice(0, 64)}`), BigInt(`0x${good.slice(64)}`))
    const forged = [r, s].map((value) => bytesOf(value % 2n ** 256n))
    expect(await verdicts(tokenWith('ES256', Buffer.concat(forged)), key)).toEqual(bothRefuse)
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

  test('S that is not reduced does not hold (RFC 8032 section 5.1.7)', async () => {
    const good = signWith('EdDSA', privateKey)
    const s = number(good.subarray(32)) + order
    const malleated = Buffer.concat([good.subarray(0, 32), bytesOf(s)])
    expect(await verdicts(tokenWith('EdDSA', malleated), key)).toEqual(bothRefuse)
  })

  test('with a public key of small order both ways say the same', async () => {
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])
    const weak = await importKey({ kty: 'OKP', crv: 'Ed25519', x: encode(identity) }, 'EdDSA')
    const forged = Buffer.concat([identity, Buffer.alloc(32)])
    const [native, webcrypto] = await verdicts(tokenWith('EdDSA', forged), weak)
    expect(native).toBe(webcrypto)
  })
})

test('what is slow is verified beside the event loop, and what is quick at once', async () => {
  const soon: Record<string, boolean> = {}
  for (const algorithm of algorithms) {
    const pair = createSigningKey(algorithm, 'k')
    const key = await importKey(pair.publicJwk, algorithm)
    const signature = signWith(
      algorithm,
      createPrivateKey({ key: { ...pair.privateJwk }, format: 'jwk' }),
    )
    const result = verifySignature(tokenWith(algorithm, signature), key)
    soon[algorithm] = !(result instanceof Promise)
    expect(await result).not.toBeInstanceOf(Refusal)
  }
  const slow = Object.keys(soon).filter((algorithm) => !soon[algorithm])
  expect(slow).toEqual(['ES384', 'ES512'])
})
