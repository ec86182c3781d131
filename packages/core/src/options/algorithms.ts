/**
 * The supported signature algorithms (RFC 7518 section 3.1, RFC 8037). `Ed25519` (RFC 9864) means the same
 * as `EdDSA`. The ML-DSA algorithms (RFC 9964) need a runtime that has them, such as Node.js 24.7: elsewhere,
 * configuring one is a `ConfigError`. Symmetric algorithms are not supported.
 */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'

interface KeyShape {
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'AKP'
  readonly crv?: string
}

const rsa: KeyShape = { kty: 'RSA' }
const ed25519: KeyShape = { kty: 'OKP', crv: 'Ed25519' }
const mlDsa: KeyShape = { kty: 'AKP' }

/** Asymmetric algorithms only: anyone who can verify with a shared secret can also forge tokens. */
const shapes: ReadonlyMap<string, KeyShape> = new Map<Algorithm, KeyShape>([
  ['RS256', rsa],
  ['RS384', rsa],
  ['RS512', rsa],
  ['PS256', rsa],
  ['PS384', rsa],
  ['PS512', rsa],
  ['ES256', { kty: 'EC', crv: 'P-256' }],
  ['ES384', { kty: 'EC', crv: 'P-384' }],
  ['ES512', { kty: 'EC', crv: 'P-521' }],
  ['EdDSA', ed25519],
  ['Ed25519', ed25519],
  ['ML-DSA-44', mlDsa],
  ['ML-DSA-65', mlDsa],
  ['ML-DSA-87', mlDsa],
])

export const supportedAlgorithms: readonly string[] = [...shapes.keys()]

export const defaultAlgorithms: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']

export function isAlgorithm(value: unknown): value is Algorithm {
  return shapes.has(value as string)
}

/** The part of WebCrypto that tells which algorithms a runtime has. Runtimes without it have no ML-DSA either. */
interface SupportedOperations {
  supports?(operation: 'verify', algorithm: string): boolean
}

/** Whether this runtime can verify signatures with the algorithm. */
export function isAvailable(algorithm: Algorithm): boolean {
  if (shapes.get(algorithm) !== mlDsa) return true
  const { SubtleCrypto: subtle } = globalThis as { SubtleCrypto?: SupportedOperations }
  return subtle?.supports?.('verify', algorithm) === true
}

/** Maps synonyms to one name, so that algorithms can be compared by name. */
export function canonical(algorithm: Algorithm): Algorithm {
  return algorithm === 'Ed25519' ? 'EdDSA' : algorithm
}

/** All names of the algorithms, for clients, which may know only one of two synonyms. */
export function algorithmNames(algorithms: readonly Algorithm[]): readonly Algorithm[] {
  return algorithms.flatMap((name) => (name === 'EdDSA' ? (['EdDSA', 'Ed25519'] as const) : [name]))
}

/** Whether a key of this type and curve can be used with the algorithm. */
export function fitsKey(algorithm: Algorithm, kty: unknown, crv: unknown): boolean {
  const shape = shapes.get(algorithm)
  return shape !== undefined && shape.kty === kty && (shape.crv === undefined || shape.crv === crv)
}

/** Whether this is an RSA algorithm with PSS padding (RFC 7518 section 3.5). */
export function isPss(algorithm: Algorithm): boolean {
  return algorithm.startsWith('PS')
}
