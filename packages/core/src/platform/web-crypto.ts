import { base64url } from 'jose'
import { digest as sha256Digest, hmac } from './sha256.ts'

/** No fast synchronous hash: tokens cannot be recognized without keeping them, so none are. See `TokenCache`. */
export const digest: ((text: string) => string) | undefined = undefined

/** WebCrypto alone verifies signatures here. */
export function signatureCheck(_algorithm: string, _key: unknown): undefined {
  return undefined
}

const encoder = new TextEncoder()

/** In base64url. */
export function sha256(text: string): string {
  return base64url.encode(sha256Digest(encoder.encode(text)))
}

/** RFC 2104, in base64url. */
export function hmacSha256(key: Uint8Array, text: string): string {
  return base64url.encode(hmac(key, encoder.encode(text)))
}
