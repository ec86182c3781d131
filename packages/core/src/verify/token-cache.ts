import { type Bounds, GenerationalMap } from '../lib/generational-map.ts'
import type { VerificationKey } from '../jose/jwk.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { KeySource } from '../jwks/key-source.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { Doorkeeper } from '../lib/doorkeeper.ts'
import type { TokenContent } from '../token/access-token.ts'
import { digest } from '#crypto'

/** A valid token, and everything its validity depends on. */
export interface CachedToken {
  readonly content: TokenContent
  readonly header: JoseHeader
  readonly key: VerificationKey
  readonly source: KeySource
  readonly issuer: IssuerPolicy
}

/** Statistics of the cache of verified tokens since the start of the process, for a health endpoint. */
export interface CacheStatistics {
  readonly hits: number
  readonly misses: number
  /** The number of tokens in the cache. */
  readonly tokens: number
  /** The estimated size of the tokens in the cache. */
  readonly bytes: number
}

/**
 * The estimated size of a cached token, from its length: the objects of its claims and the entry. Measured and
 * rounded up: decisions/051.
 */
const sizeOf = (raw: string): number => 1024 + 2 * raw.length

/**
 * Caches valid tokens, so that a repeated token needs no signature check. Entries are found by the SHA-256 of
 * the whole token, which no other token shares; the token itself is not kept. A token is cached when it is
 * seen for the second time, so tokens that are used once take no memory and evict nothing.
 */
export class TokenCache {
  readonly #digest: (text: string) => string
  readonly #entries: GenerationalMap<CachedToken>
  readonly #doorkeeper: Doorkeeper
  #hits = 0
  #misses = 0

  constructor(bounds: Bounds, digestOf: (text: string) => string) {
    this.#entries = new GenerationalMap(bounds)
    this.#doorkeeper = new Doorkeeper(bounds.entries)
    this.#digest = digestOf
  }

  /** The key of a token's entry. */
  idOf(raw: string): string {
    return this.#digest(raw)
  }

  /**
   * The token's entry, if it is cached and its key is still in the issuer's key set. The caller must repeat
   * the checks that depend on the time and the route.
   */
  get(id: string): CachedToken | undefined {
    const cached = this.#entries.get(id)
    // A key that is missing from the current key set may return with the next refresh.
    if (!cached?.source.holds(cached.key)) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    return cached
  }

  delete(id: string): void {
    this.#entries.delete(id)
  }

  /** For valid tokens only. */
  keep(id: string, raw: string, token: CachedToken): void {
    if (this.#doorkeeper.seenBefore(id)) this.#entries.set(id, token, sizeOf(raw))
  }

  get statistics(): CacheStatistics {
    return {
      hits: this.#hits,
      misses: this.#misses,
      tokens: this.#entries.size,
      bytes: this.#entries.bytes,
    }
  }
}

/** `undefined` if the cache is off, or the runtime has no synchronous hash. */
export function createTokenCache(policy: Policy): TokenCache | undefined {
  if (!policy.cache || !digest) return undefined
  return new TokenCache(policy.cache, digest)
}
