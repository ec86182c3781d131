import type { Bounds } from '../lib/generational-map.ts'
import { HeapSize, isIndex } from '../lib/heap-size.ts'
import { S3Fifo } from '../lib/s3-fifo.ts'
import type { VerificationKey } from '../jose/jwk.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { KeySource } from '../jwks/key-source.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { isForgotten, type TokenContent } from '../token/access-token.ts'
import { digest } from '#crypto'

/** A valid token, and everything its validity depends on. */
export interface CachedToken {
  readonly content: TokenContent
  readonly header: JoseHeader
  readonly key: VerificationKey
  readonly source: KeySource
  readonly issuer: IssuerPolicy
}

/** Statistics for the cache of verified tokens since the process started, for a health endpoint. */
export interface CacheStatistics {
  readonly hits: number
  readonly misses: number
  /** The number of tokens in the cache. */
  readonly tokens: number
  /** The estimated size of the tokens in the cache. */
  readonly bytes: number
}

/** What every cached token takes: its entry, its digest, and the objects for its content, but not its claims. */
const entryBytes = 600
const actorBytes = 64

/**
 * Caches valid tokens, so that a repeated token needs no signature check. Entries are found by the SHA-256 of
 * the whole token, which no other token shares; the token itself is not kept. A token is cached when it is
 * seen for the second time, so tokens that are used once take no memory and evict nothing.
 */
export class TokenCache {
  readonly #entries: S3Fifo<CachedToken>
  readonly #heapSize = new HeapSize()
  #hits = 0
  #misses = 0

  constructor(bounds: Bounds, digestOf: (text: string) => string) {
    // Of a valid token, the characters that the map uses instead of its digest are part of the signature.
    this.#entries = new S3Fifo(bounds, (token) => this.#bytesOf(token), digestOf)
  }

  /**
   * The token's entry, if it is cached, its key is still in the issuer's key set, and the authorization server has
   * not refused it since. The caller must repeat the checks that depend on the time and the route.
   */
  get(raw: string): CachedToken | undefined {
    const cached = this.#entries.get(raw)
    // A key that is missing from the current key set may return with the next refresh.
    if (!cached?.source.holds(cached.key) || isForgotten(cached.content)) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    return cached
  }

  delete(raw: string): void {
    this.#entries.delete(raw)
  }

  /** For valid tokens only. */
  keep(raw: string, token: CachedToken): void {
    this.#entries.offer(raw, token)
  }

  get statistics(): CacheStatistics {
    return {
      hits: this.#hits,
      misses: this.#misses,
      tokens: this.#entries.size,
      bytes: this.#entries.bytes,
    }
  }

  /** Estimates the memory that is freed with the token. Its key, issuer, and profile are shared. */
  #bytesOf({ content, header }: CachedToken): number {
    const { claims, actor, priorActors, mayAct, audience, scopes, roles, permissions } = content
    let bytes = entryBytes + this.#heapSize.of(header) + this.#bytesOfMembers(claims)
    for (const names of [scopes, roles, permissions]) bytes += this.#heapSize.of(names)
    // The names are those in the claims.
    bytes += 8 * audience.length
    if (mayAct) bytes += this.#bytesOfMembers(mayAct)
    for (const party of actor ? [actor, ...priorActors] : []) {
      bytes += actorBytes + this.#bytesOfMembers(party.claims)
    }
    return bytes
  }

  /** Claims were copied name by name. With names such as "30", the size of a copy cannot be predicted. */
  #bytesOfMembers(members: object): number {
    return Object.keys(members).some(isIndex) ? Infinity : this.#heapSize.of(members)
  }
}

/** `undefined` if the cache is off, or the runtime has no synchronous hash. */
export function createTokenCache(policy: Policy): TokenCache | undefined {
  if (!policy.cache || !digest) return undefined
  return new TokenCache(policy.cache, digest)
}
