import { createHash } from 'node:crypto'
import type { JsonObject } from '../keys/signing-keys.ts'

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** The members of a thumbprint by `kty`, in lexicographic order: RFC 7638 section 3.2, RFC 8037, RFC 9964. */
const requiredMembers: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** RFC 7638 section 3. */
export function thumbprintOf(jwk: JsonObject): string {
  return sha256(JSON.stringify(jwk, [...requiredMembers[String(jwk['kty'])]!]))
}
