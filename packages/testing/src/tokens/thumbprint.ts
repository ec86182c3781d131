import { createHash } from 'node:crypto'
import type { JsonObject } from '../keys/signing-keys.ts'

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** RFC 7638 section 3: the required members, in lexicographic order. */
export function thumbprintOf(jwk: JsonObject): string {
  const required = ['crv', 'e', 'kty', 'n', 'x', 'y'].filter((name) => Object.hasOwn(jwk, name))
  return sha256(JSON.stringify(jwk, required))
}
