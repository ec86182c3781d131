import { type Algorithm, suites } from './algorithms.ts'

/** Members of a JSON object, unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A key pair as plain data. It is for tests: the private half lies open. */
export interface SigningKey {
  readonly algorithm: Algorithm
  readonly kid: string
  /** What the key set shows, RFC 7517: the public members, `kid`, `alg` and `use: 'sig'`. */
  readonly publicJwk: JsonObject
  /** The same with the private members. Never published. */
  readonly privateJwk: JsonObject
}

/** What the key set of a provider has that others' do not. */
export interface KeySetTraits {
  /** The entries name no `alg`. */
  readonly withoutAlg?: true
  /** An encryption key (`use: 'enc'`) stands beside the signing keys. */
  readonly encryptionKey?: true
}

export interface KeyRing {
  current(): SigningKey
  published(): readonly JsonObject[]
  rotate(overlap: boolean): SigningKey
}

/**
 * Generates a key pair. RSA keys have 2048 bits.
 *
 * @param kid the key id; two keys may share one, which is how key confusion is tested
 */
export function createSigningKey(algorithm: Algorithm, kid: string): SigningKey {
  const { publicKey, privateKey } = suites[algorithm].generate()
  const described = { kid, alg: algorithm, use: 'sig' }
  return {
    algorithm,
    kid,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), ...described },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...described },
  }
}

/** The keys of one issuer: which one signs, and which ones are shown. */
export function createKeyRing(algorithm: Algorithm, traits: KeySetTraits = {}): KeyRing {
  let count = 0
  const next = (): SigningKey => createSigningKey(algorithm, `key-${++count}`)
  const beside = traits.encryptionKey ? [encryptionKey()] : []
  let shown: readonly SigningKey[] = []
  let current = next()
  return {
    current: () => current,
    published: () => [
      ...[current, ...shown].map(({ publicJwk }) =>
        traits.withoutAlg ? noAlg(publicJwk) : publicJwk,
      ),
      ...beside,
    ],
    rotate(overlap) {
      shown = overlap ? [current, ...shown] : []
      current = next()
      return current
    },
  }
}

const noAlg = ({ alg: _, ...rest }: JsonObject): JsonObject => rest

const encryptionKey = (): JsonObject => ({
  ...createSigningKey('RS256', 'encryption-key').publicJwk,
  alg: 'RSA-OAEP',
  use: 'enc',
})
