import * as base64url from 'jose/base64url'
import { digest as sha256Digest, hmac } from './sha256.ts'

/** Absent: without a fast synchronous hash, verified tokens are not cached. See `TokenCache`. */
export const digest: ((text: string) => string) | undefined = undefined

/** Absent: only WebCrypto verifies signatures here. */
export function signatureCheck(_algorithm: string, _key: unknown): undefined {
  return undefined
}

const encoder = new TextEncoder()

/** SHA-256 of a text in UTF-8, in base64url. */
export function sha256(text: string): string {
  return base64url.encode(sha256Digest(encoder.encode(text)))
}

/** The same hash of a text or of bytes, computed by WebCrypto. */
export async function sha256Async(data: string | Uint8Array): Promise<string> {
  const bytes = typeof data === 'string' ? encoder.encode(data) : Uint8Array.from(data)
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** HMAC-SHA-256 (RFC 2104) of a text in UTF-8, in base64url. For decision records. */
export function hmacSha256(key: Uint8Array, text: string): string {
  return base64url.encode(hmac(key, encoder.encode(text)))
}

/** The same HMAC, computed by WebCrypto. For data whose authenticity matters, such as stored key sets. */
export async function hmacSha256Async(key: Uint8Array, text: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const raw = Uint8Array.from(key)
  const imported = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign'])
  const mac = await crypto.subtle.sign('HMAC', imported, encoder.encode(text))
  return base64url.encode(new Uint8Array(mac))
}
