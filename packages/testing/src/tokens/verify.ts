import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { algorithms } from '../keys/algorithms.ts'
import type { JsonObject } from '../keys/signing-keys.ts'

/** A token whose signature is valid. */
export interface VerifiedJwt {
  readonly header: JsonObject
  readonly payload: JsonObject
}

/**
 * Verifies the signature of a token with one of the keys. `undefined` if it is not a valid token. For the test
 * issuer only: it does not check what a resource server must check.
 */
export function verifyJwt(token: string, keys: readonly JsonObject[]): VerifiedJwt | undefined {
  const [head = '', body = '', end = ''] = token.split('.')
  const header = decode(head)
  const payload = decode(body)
  const algorithm = header && algorithmOf(header)
  if (!header || !payload || !algorithm) return undefined
  const data = Buffer.from(`${head}.${body}`)
  const signature = Buffer.from(end, 'base64url')
  const isValid = keys.some((jwk) => {
    try {
      const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
      return algorithm.verify(data, key, signature)
    } catch {
      // A key of another kind.
      return false
    }
  })
  return isValid ? { header, payload } : undefined
}

function algorithmOf({
  alg,
}: JsonObject): (typeof algorithms)[keyof typeof algorithms] | undefined {
  return typeof alg === 'string' && Object.hasOwn(algorithms, alg)
    ? algorithms[alg as keyof typeof algorithms]
    : undefined
}

function decode(segment: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}
