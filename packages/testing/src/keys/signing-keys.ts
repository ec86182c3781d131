import type { Algorithm } from '@resource-server/core'
import { algorithms } from './algorithms.ts'

/** A JSON object with unchecked members. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A key pair for tests, as plain data. The private key is readable. */
export interface SigningKey {
  readonly algorithm: Algorithm
  readonly kid: string
  /** The entry in the key set (RFC 7517): the public members, `kid`, `alg`, and `use: 'sig'`. */
  readonly publicJwk: JsonObject
  /** The same entry with the private members. Never published. */
  readonly privateJwk: JsonObject
}

/** How the key set of a provider differs from the default. */
export interface KeySetTraits {
  /** The entries have no `alg`. */
  readonly withoutAlg?: true
  /** The key set also contains an encryption key (`use: 'enc'`). */
  readonly encryptionKey?: true
}

/** The keys of one issuer: the current signing key and the published key set. */
export interface KeyRing {
  current(): SigningKey
  published(): readonly JsonObject[]
  rotate(overlap: boolean): SigningKey
}

/**
 * Generates a key pair. RSA keys have 2048 bits.
 *
 * @param kid the key ID. To test key confusion, give two keys the same ID.
 *
 * @example
 * ```ts
 * import { createSigningKey } from '@resource-server/testing'
 *
 * const key = createSigningKey('ES256', 'key-1')
 * export const jwks = { keys: [key.publicJwk] }
 * ```
 */
export function createSigningKey(algorithm: Algorithm, kid: string): SigningKey {
  const { publicKey, privateKey } = algorithms[algorithm].generate()
  const described = { kid, alg: algorithm, use: 'sig' }
  return {
    algorithm,
    kid,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), ...described },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...described },
  }
}

/** @param first the first signing key. Default: a new one */
export function createKeyRing(
  algorithm: Algorithm,
  traits: KeySetTraits = {},
  first?: SigningKey,
): KeyRing {
  let count = 0
  const next = (): SigningKey => createSigningKey(algorithm, `key-${++count}`)
  const encryptionKeys = traits.encryptionKey ? [encryptionJwk] : []
  let earlier: readonly SigningKey[] = []
  let current = first ?? next()
  return {
    current: () => current,
    published: () => {
      const signingKeys = [current, ...earlier].map(({ publicJwk }) => publicJwk)
      return [...(traits.withoutAlg ? signingKeys.map(omitAlg) : signingKeys), ...encryptionKeys]
    },
    rotate(overlap) {
      earlier = overlap ? [current, ...earlier] : []
      current = next()
      return current
    },
  }
}

const omitAlg = ({ alg: _, ...rest }: JsonObject): JsonObject => rest

/** A constant, because an RSA key takes a long time to generate. Its private key is not known to anyone. */
const encryptionJwk: JsonObject = {
  kty: 'RSA',
  e: 'AQAB',
  n:
    'rp9qo47r_VJKBiG4tJML_T4cW2cqCwJeoxnFiypn30gr9FmwlOaII-URglKNFlwcb85_L_tIBtslriB6' +
    'Nhust38Kv12v1ZLADyadWAJAVmxci3QLuhqqdSspxzYMayvHnOScxUnwMbaRQPcpwIf2a1vIiuNHn_Qs' +
    'Y1qBygDgqwvebadd0XkmQ7xbdRqJbTDNwcaSo3K5-O1jmxtBSlKpD8YYdnFMS_vGQ2WBru7CEAgaTD0H' +
    'NQhMUUYNiJW1uszKeNyQV4snRc2-sAyQ2WfHfuU2LapUbjC7kYKtpjq19yrkGEOoZOp6hM0yEW0vnzb-' +
    'X6uzcgAb8ZK0MLbOl8aYuw',
  kid: 'encryption-key',
  alg: 'RSA-OAEP',
  use: 'enc',
}
