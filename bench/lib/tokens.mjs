// Keys and tokens. They are generated for each run. There are no fixtures.
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto'

export const issuer = 'https://as.example.com/realms/shop'
export const audience = 'order-service'

const pss = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
}
const p1363 = /** @type {const} */ ({ dsaEncoding: 'ieee-p1363' })

/** Keys are generated as PEM and parsed again. On Node 20, exporting a generated key object can hang. */
const asText = /** @type {const} */ ({
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048, ...asText })

/** @type {Record<string, { generate: () => { publicKey: string, privateKey: string }, hash: string | null, options: object }>} */
const suites = {
  RS256: { generate: rsa, hash: 'sha256', options: {} },
  PS256: { generate: rsa, hash: 'sha256', options: pss },
  ES256: {
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256', ...asText }),
    hash: 'sha256',
    options: p1363,
  },
  EdDSA: { generate: () => generateKeyPairSync('ed25519', asText), hash: null, options: {} },
}

export const algorithms = Object.keys(suites)

/** Three random segments as long as those of a token. */
export function garbage() {
  return [48, 480, 256].map((bytes) => randomBytes(bytes).toString('base64url')).join('.')
}

/** @typedef {ReturnType<typeof createSigner>} Signer */

/** @param {string} algorithm */
export function createSigner(algorithm, kid = `${algorithm}-key`) {
  const { generate, hash, options } = suites[algorithm] ?? fail(algorithm)
  const { publicKey: pem, privateKey: secret } = generate()
  const [publicKey, privateKey] = [createPublicKey(pem), createPrivateKey(secret)]
  const header = encode({ alg: algorithm, typ: 'JWT', kid })
  const { kty, crv, n, e, x, y } = publicKey.export({ format: 'jwk' })
  const proofHeader = encode({ typ: 'dpop+jwt', alg: algorithm, jwk: { kty, crv, n, e, x, y } })
  const signed = (/** @type {string} */ input) => {
    const signature = sign(hash, Buffer.from(input), { key: privateKey, ...options })
    return `${input}.${signature.toString('base64url')}`
  }
  return {
    algorithm,
    kid,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' },
    pem,
    /** @param {object} [claims] */
    token: (claims) => signed(`${header}.${encode(claimsOf(claims))}`),
    /** The thumbprint of the key (RFC 7638). */
    jkt: sha256(JSON.stringify({ crv, e, kty, n, x, y })),
    /**
     * A DPoP proof for a GET request with this token.
     *
     * @param {string} token
     * @param {string} url
     */
    proof(token, url) {
      const iat = Math.floor(Date.now() / 1000)
      const claims = { jti: randomUUID(), htm: 'GET', htu: url, iat, ath: sha256(token) }
      return signed(`${proofHeader}.${encode(claims)}`)
    },
    /**
     * Only the signature check: the minimum cost.
     *
     * @param {string} token
     */
    raw(token) {
      const end = token.lastIndexOf('.')
      const data = Buffer.from(token.slice(0, end))
      const signature = Buffer.from(token.slice(end + 1), 'base64url')
      // As fast as possible: with an object of options, each call takes 9 µs more on Node 24.
      const key = Object.keys(options).length === 0 ? publicKey : { key: publicKey, ...options }
      return () => verify(hash, data, key, signature)
    },
  }
}

/** @type {(algorithm: string) => never} */
function fail(algorithm) {
  throw new Error(`unknown algorithm: ${algorithm}`)
}

/** Claims like those of an exchanged token. */
function claimsOf(more = {}) {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    sub: 'b1f6c1b4-42f0-4f5e-9c36-6d8b2f9f3c11',
    aud: audience,
    iat: now,
    exp: now + 3600,
    jti: randomUUID(),
    client_id: 'user-service',
    scope: 'orders:read orders:write',
    act: { sub: 'user-service', client_id: 'user-service' },
    ...more,
  }
}

/** @type {(text: string) => string} */
function sha256(text) {
  return createHash('sha256').update(text).digest('base64url')
}

/** @type {(part: object) => string} */
function encode(part) {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
