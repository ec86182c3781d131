import { createPrivateKey } from 'node:crypto'
import { suites } from '../keys/algorithms.ts'
import type { JsonObject, SigningKey } from '../keys/signing-keys.ts'

/**
 * One part of a token: an object, or JSON text taken as it is (for duplicate members, numbers such
 * as `1e400`, or no JSON at all), or bytes (for broken UTF-8).
 */
export type Part = JsonObject | string | Uint8Array

/** What `sign` needs. Nothing of it is checked. */
export interface RawToken {
  /**
   * The header. An object gets the key's `alg` and `kid` unless it says otherwise; a member that is
   * `undefined` is left out. Text and bytes are taken as they are. The default is `alg` and `kid`.
   */
  readonly header?: Part
  /** The payload, with no default for any claim. A member that is `undefined` is left out. */
  readonly payload: Part
  /** The key to sign with, whatever the header says. The default is the issuer's current key. */
  readonly key?: SigningKey
}

const isText = (part: Part): part is string | Uint8Array =>
  typeof part === 'string' || part instanceof Uint8Array

const encode = (part: Part): string =>
  Buffer.from(isText(part) ? part : JSON.stringify(part)).toString('base64url')

/** The first two segments of a compact token, RFC 7515 section 3.1. */
export const signingInput = (header: Part, payload: Part): string =>
  `${encode(header)}.${encode(payload)}`

/** Signs whatever it is given, RFC 7515 section 5.1. */
export function sign(header: Part, payload: Part, key: SigningKey): string {
  const named = isText(header) ? header : { alg: key.algorithm, kid: key.kid, ...header }
  const input = signingInput(named, payload)
  const privateKey = createPrivateKey({ key: { ...key.privateJwk }, format: 'jwk' })
  return `${input}.${suites[key.algorithm].sign(Buffer.from(input), privateKey).toString('base64url')}`
}
