import type { VerificationKey } from '../jose/jwk.ts'
import { blockedKey, emptyKeySet, type KeySet, selectKey } from '../jose/key-set.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { Refusal } from '../errors/refusal.ts'
import type { CachedKeySet } from './freshness.ts'
import type { RefreshMode } from './create-key-source.ts'
import { KeySetCache } from './key-set-cache.ts'
import type { KeyHealth, KeySource } from './key-source.ts'
import { UnknownKidLimiter } from './unknown-kid-limiter.ts'

/** How many tokens with an unknown `kid` may wait for a fetch at the same time. */
const maxWaiting = 20_000

/** The keys that an issuer publishes. `KeySetCache` decides when they are fetched. */
export class RemoteKeySet implements KeySource {
  readonly #clock: Policy['clock']
  readonly #cache: KeySetCache
  readonly #limiter = new UnknownKidLimiter()
  #waiting = 0

  constructor(issuer: IssuerPolicy, policy: Policy, mode?: RefreshMode) {
    this.#clock = policy.clock
    this.#cache = new KeySetCache(issuer, policy, mode)
  }

  find(header: JoseHeader): Promise<VerificationKey | Refusal> | VerificationKey | Refusal {
    if (this.#cache.isBlocked(header.kid)) return blockedKey()
    const before = this.#cache.cached
    this.#cache.recordUse()
    this.#cache.fetchIfDue()
    const set = this.#cache.current
    if (set) return this.#select(set, header, before)
    return this.#cache.waitForKeySet().then((awaited) => this.#select(awaited, header, before))
  }

  holds(key: VerificationKey): boolean {
    this.#cache.recordUse()
    this.#cache.fetchIfDue()
    return this.#cache.current?.keys.includes(key) ?? false
  }

  warmUp(): Promise<void> {
    return this.#cache.warmUp()
  }

  ready(): boolean {
    this.#cache.fetchIfDue()
    return this.#cache.usable !== undefined
  }

  health(): KeyHealth {
    return this.#cache.health()
  }

  refreshKeys(): Promise<void> {
    return this.#cache.refresh()
  }

  blockKey(kid: string): void {
    this.#cache.block(kid)
  }

  pause(): void {
    this.#cache.pause()
  }

  close(): void {
    this.#cache.close()
  }

  #select(
    set: KeySet | Refusal,
    header: JoseHeader,
    before: CachedKeySet | undefined,
  ): Promise<VerificationKey | Refusal> | VerificationKey | Refusal {
    if (set instanceof Refusal) return set
    const found = selectKey(set, header)
    // If the key set was fetched during this request, another fetch would not help.
    const { cached } = this.#cache
    const isNew = cached !== before && !cached?.restored
    if (!isNotFound(found) || header.kid === undefined || isNew) return found
    return this.#findUnknownKid(header.kid, header)
  }

  /**
   * Fetches the key set for a token with an unknown `kid`, because its key may be new. Without a fetch, or
   * if it fails, the token can be neither accepted nor refused.
   */
  async #findUnknownKid(kid: string, header: JoseHeader): Promise<VerificationKey | Refusal> {
    if (this.#waiting >= maxWaiting) {
      return this.#cache.unavailable('too many tokens are waiting for a refresh')
    }
    this.#waiting += 1
    try {
      // The issuer may have answered the fetch in flight before it published the key. In that case,
      // another fetch follows.
      if (this.#cache.isFetching) {
        const found = await this.#fetchAndSelect(header)
        if (!isNotFound(found)) return found
      }
      if (!this.#mayFetch(kid)) return this.#undecided()
      const found = await this.#fetchAndSelect(header)
      return isNotFound(found) && this.#cache.isFailing ? this.#undecided() : found
    } finally {
      this.#waiting -= 1
    }
  }

  #undecided(): Refusal {
    if (this.#cache.isFailing) {
      return this.#cache.unavailable("the token's kid is unknown and the refresh failed")
    }
    return this.#cache.unavailable(
      "the token's kid is unknown and another refresh is not allowed yet",
      this.#limiter.delayLeft(this.#clock.monotonic()),
    )
  }

  #mayFetch(kid: string): boolean {
    return this.#cache.mayLookUp && this.#limiter.mayFetch(kid, this.#clock.monotonic())
  }

  async #fetchAndSelect(header: JoseHeader): Promise<VerificationKey | Refusal> {
    await this.#cache.lookUp(header.kid)
    return selectKey(this.#cache.usable ?? emptyKeySet, header)
  }
}

function isNotFound(found: VerificationKey | Refusal): found is Refusal {
  return found instanceof Refusal && found.code === 'key_not_found'
}
