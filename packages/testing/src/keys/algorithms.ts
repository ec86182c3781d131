import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { Algorithm } from '@resource-server/core'

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

interface SignatureAlgorithm {
  readonly generate: () => KeyPair
  readonly sign: (data: Uint8Array, key: KeyObject) => Buffer
  readonly verify: (data: Uint8Array, key: KeyObject, signature: Uint8Array) => boolean
}

/**
 * Keys are generated as PEM and parsed again. On Node 20, exporting a key that still belongs to its
 * generation job can deadlock: a garbage collection during the export waits for the lock that the
 * export holds.
 */
const asPem = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

function parsePem(pair: unknown): KeyPair {
  const { publicKey, privateKey } = pair as { publicKey: string; privateKey: string }
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) }
}

const signing = (
  digest: string | null,
  options: object,
): Pick<SignatureAlgorithm, 'sign' | 'verify'> => ({
  sign: (data, key) => sign(digest, data, { key, ...options }),
  verify: (data, key, signature) => verify(digest, data, { key, ...options }, signature),
})

const rsa = (digest: string, options: object = {}): SignatureAlgorithm => ({
  generate: () => parsePem(generateKeyPairSync('rsa', { modulusLength: 2048, ...asPem })),
  ...signing(digest, options),
})

const rsaPss = (digest: string): SignatureAlgorithm =>
  rsa(digest, {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  })

const ecdsa = (digest: string, namedCurve: string): SignatureAlgorithm => ({
  generate: () => parsePem(generateKeyPairSync('ec', { namedCurve, ...asPem })),
  ...signing(digest, { dsaEncoding: 'ieee-p1363' }),
})

const ed25519: SignatureAlgorithm = {
  generate: () => parsePem(generateKeyPairSync('ed25519', asPem)),
  ...signing(null, {}),
}

type NewerType = 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'

const mlDsa = (type: NewerType): SignatureAlgorithm => ({
  generate: () => parsePem(generateNewerKeyPair(type)),
  ...signing(null, {}),
})

/** Node's own error would not say which version is needed. */
function generateNewerKeyPair(type: NewerType): unknown {
  const generate = generateKeyPairSync as (type: string, options: object) => unknown
  try {
    return generate(type, asPem)
  } catch (error) {
    throw new TypeError(`Keys for ${type.toUpperCase()} need Node.js 24.7 or newer.`, {
      cause: error,
    })
  }
}

/** RFC 7518 section 3.1, RFC 8037, RFC 9864 and RFC 9964. */
export const algorithms: Readonly<Record<Algorithm, SignatureAlgorithm>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: rsaPss('sha256'),
  PS384: rsaPss('sha384'),
  PS512: rsaPss('sha512'),
  ES256: ecdsa('sha256', 'P-256'),
  ES384: ecdsa('sha384', 'P-384'),
  ES512: ecdsa('sha512', 'P-521'),
  EdDSA: ed25519,
  Ed25519: ed25519,
  'ML-DSA-44': mlDsa('ml-dsa-44'),
  'ML-DSA-65': mlDsa('ml-dsa-65'),
  'ML-DSA-87': mlDsa('ml-dsa-87'),
}

export const algorithmNames: readonly string[] = Object.keys(algorithms)
