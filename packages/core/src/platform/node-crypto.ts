import * as crypto from 'node:crypto'
import { constants, createHmac, KeyObject, verify, type webcrypto } from 'node:crypto'

// Not imported by name: Node 18 has no `hash`, and would fail before its version is checked.
const { hash } = crypto

/** SHA-256 of a text in UTF-8, in base64. Serves as a map key. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64')
}

/** SHA-256 of a text in UTF-8, in base64url. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** SHA-256 of a text in UTF-8 or of bytes, in base64url. Asynchronous because WebCrypto is. */
export async function sha256Async(data: string | Uint8Array): Promise<string> {
  return hash('sha256', data, 'base64url')
}

/** HMAC-SHA-256 (RFC 2104) of a text in UTF-8, in base64url. For decision records. */
export function hmacSha256(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

/** The same HMAC, for data whose authenticity matters. Asynchronous because WebCrypto is. */
export async function hmacSha256Async(key: Uint8Array, text: string): Promise<string> {
  return hmacSha256(key, text)
}

/**
 * OpenSSL options for one algorithm (RFC 7518 section 3, RFC 8037), where they differ from Node's defaults. The default
 * padding of an RSA key is that of PKCS #1. WebCrypto sets them itself.
 */
interface Scheme {
  readonly hash: string | null
  readonly padding?: number
  readonly saltLength?: number
  readonly dsaEncoding?: 'ieee-p1363'
}

const pss = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
}
const p1363 = { dsaEncoding: 'ieee-p1363' } as const

const schemes: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ['RS256', { hash: 'sha256' }],
  ['RS384', { hash: 'sha384' }],
  ['RS512', { hash: 'sha512' }],
  ['PS256', { hash: 'sha256', ...pss }],
  ['PS384', { hash: 'sha384', ...pss }],
  ['PS512', { hash: 'sha512', ...pss }],
  ['ES256', { hash: 'sha256', ...p1363 }],
  ['ES384', { hash: 'sha384', ...p1363 }],
  ['ES512', { hash: 'sha512', ...p1363 }],
  ['EdDSA', { hash: null }],
])

type SignatureCheck = (signed: string, signature: Uint8Array) => boolean | Promise<boolean>

/**
 * Returns a function that verifies signatures under one key, with the same results as WebCrypto. It
 * skips the thread pool if queuing would take longer than verifying: decisions/050. Returns `undefined`
 * for an algorithm that only WebCrypto can verify here.
 */
export function signatureCheck(
  algorithm: string,
  key: webcrypto.CryptoKey,
): SignatureCheck | undefined {
  const scheme = schemes.get(algorithm)
  if (!scheme) return undefined
  const { hash: name, ...options } = scheme
  const keyObject = KeyObject.from(key)
  // With an object of options, each call takes 9 µs more on Node 24.
  const input = Object.keys(options).length === 0 ? keyObject : { key: keyObject, ...options }
  if (!isSlow(algorithm, key)) {
    return (signed, signature) => verify(name, Buffer.from(signed, 'latin1'), input, signature)
  }
  return (signed, signature) =>
    new Promise((resolve, reject) => {
      verify(name, Buffer.from(signed, 'latin1'), input, signature, (error, valid) => {
        if (error) reject(error)
        else resolve(valid)
      })
    })
}

/** Whether one verification blocks the event loop for longer than the thread pool would take. */
function isSlow(algorithm: string, key: webcrypto.CryptoKey): boolean {
  const { modulusLength = 0 } = key.algorithm as { modulusLength?: number }
  return algorithm === 'ES384' || algorithm === 'ES512' || modulusLength > 4096
}
