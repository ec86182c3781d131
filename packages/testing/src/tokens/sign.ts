import { createPrivateKey } from 'node:crypto'
import { algorithms } from '../keys/algorithms.ts'
import type { JsonObject, SigningKey } from '../keys/signing-keys.ts'

/**
 * The header or the payload of a token: an object, or text or bytes that are used unchanged. Use text
 * for JSON that no object can express (duplicate members, numbers such as `1e400`, invalid JSON), and
 * bytes for invalid UTF-8.
 */
export type TokenPart = JsonObject | string | Uint8Array

/** A token to sign. Nothing in it is checked. */
export interface RawToken {
  /**
   * The header. The key's `alg` and `kid` are added to an object that does not have them, and a member
   * that is `undefined` is omitted. Text and bytes are used unchanged. Default: `alg` and `kid`.
   */
  readonly header?: TokenPart
  /** The payload. No claims are added. A member that is `undefined` is omitted. */
  readonly payload: TokenPart
  /** The key to sign with, regardless of the header. Default: the issuer's current key. */
  readonly key?: SigningKey
}

const isRaw = (part: TokenPart): part is string | Uint8Array =>
  typeof part === 'string' || part instanceof Uint8Array

const encode = (part: TokenPart): string =>
  Buffer.from(isRaw(part) ? part : JSON.stringify(part)).toString('base64url')

/** The first two segments of a compact token: RFC 7515 section 3.1. */
export const signingInput = (header: TokenPart, payload: TokenPart): string =>
  `${encode(header)}.${encode(payload)}`

/** Signs a header and a payload: RFC 7515 section 5.1. */
export function sign(header: TokenPart, payload: TokenPart, key: SigningKey): string {
  const complete = isRaw(header) ? header : { alg: key.algorithm, kid: key.kid, ...header }
  const input = signingInput(complete, payload)
  const privateKey = createPrivateKey({ key: { ...key.privateJwk }, format: 'jwk' })
  const signature = algorithms[key.algorithm].sign(Buffer.from(input), privateKey)
  return `${input}.${signature.toString('base64url')}`
}
