/**
 * Keys and tokens of this page, made with WebCrypto. The keys exist only in the memory of the page, and their private
 * parts cannot be exported.
 */

/** A JSON Web Key (RFC 7517) for ES256, without its private part. */
export interface PublicKey {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly y: string
}

export interface Signer {
  readonly publicKey: PublicKey
  /** Signs a text, and returns the signature in base64url. */
  readonly sign: (text: string) => Promise<string>
}

/** The keys of one visit. */
export interface PageKeys {
  /** Signs tokens. Its public part is the key set of the issuer. */
  readonly issuer: Signer
  /** Signs tokens as well, but is not in the key set. */
  readonly unknown: Signer
  /** The key of the client, to which a token can be bound. */
  readonly client: Signer
  /** The thumbprint of the client's key (RFC 7638), as in `cnf.jkt`. */
  readonly thumbprint: string
}

export const keyId = 'live-page'

export async function createKeys(): Promise<PageKeys> {
  const [issuer, unknown, client] = await Promise.all([
    createSigner(),
    createSigner(),
    createSigner(),
  ])
  return { issuer, unknown, client, thumbprint: await thumbprintOf(client.publicKey) }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

async function createSigner(): Promise<Signer> {
  const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return {
    publicKey: { kty: kty!, crv: crv!, x: x!, y: y! },
    sign: async (text) => {
      const signature = await crypto.subtle.sign(algorithm, pair.privateKey, encode(text))
      return base64url(new Uint8Array(signature))
    },
  }
}

/** The key set of the page's issuer. */
export function keySetOf({ issuer }: PageKeys): { readonly keys: readonly object[] } {
  return { keys: [{ ...issuer.publicKey, kid: keyId, alg: 'ES256', use: 'sig' }] }
}

/**
 * Creates a JWS in compact form (RFC 7515 section 3.1). The header and the claims are sent as they are written, so that
 * a token can be wrong in any way.
 *
 * @param signer without it, the signature is empty
 */
export async function createJws(
  header: string,
  payload: string,
  signer: Signer | undefined,
): Promise<string> {
  const signed = `${base64url(encode(header))}.${base64url(encode(payload))}`
  return `${signed}.${signer ? await signer.sign(signed) : ''}`
}

/**
 * Creates a proof for one request (RFC 9449 section 4.2).
 *
 * @param claims `htm`, `htu`, and `nonce` if the service sent one
 * @param now in milliseconds since the epoch
 */
export async function createProof(
  { client }: PageKeys,
  token: string,
  claims: object,
  now: number,
): Promise<string> {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: client.publicKey }
  const jti = base64url(crypto.getRandomValues(new Uint8Array(16)))
  const payload = { jti, iat: Math.floor(now / 1000), ath: await sha256(token), ...claims }
  return createJws(JSON.stringify(header), JSON.stringify(payload), client)
}

/** RFC 7638 section 3. */
function thumbprintOf({ crv, kty, x, y }: PublicKey): Promise<string> {
  return sha256(JSON.stringify({ crv, kty, x, y }))
}

async function sha256(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', encode(text))))
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text))
}

function base64url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
