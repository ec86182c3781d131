import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'

/** The signature algorithms a test issuer can use: RFC 7518 section 3.1, RFC 8037, RFC 9864. */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

interface Suite {
  readonly generate: () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly sign: (data: Uint8Array, key: KeyObject) => Buffer
}

/**
 * Keys are made as text and read again. On Node 20 a key that still belongs to the job which made it can
 * stop the process for good: a garbage collection while it is exported collects the job, and that waits for
 * the lock that the export holds.
 */
const asText = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

/** Node's types do not tell that the pair is two texts. */
function readAgain(pair: unknown): ReturnType<Suite['generate']> {
  const { publicKey, privateKey } = pair as { publicKey: string; privateKey: string }
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) }
}

const rsa = (digest: string): Suite => ({
  generate: () => readAgain(generateKeyPairSync('rsa', { modulusLength: 2048, ...asText })),
  sign: (data, key) => sign(digest, data, key),
})

const rsaPss = (digest: string): Suite => ({
  generate: rsa(digest).generate,
  sign: (data, key) =>
    sign(digest, data, {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }),
})

const ecdsa = (digest: string, namedCurve: string): Suite => ({
  generate: () => readAgain(generateKeyPairSync('ec', { namedCurve, ...asText })),
  sign: (data, key) => sign(digest, data, { key, dsaEncoding: 'ieee-p1363' }),
})

const ed25519: Suite = {
  generate: () => readAgain(generateKeyPairSync('ed25519', asText)),
  sign: (data, key) => sign(null, data, key),
}

export const suites: Readonly<Record<Algorithm, Suite>> = {
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
}

export const algorithms: readonly string[] = Object.keys(suites)
