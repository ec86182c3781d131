import { minutes } from './freshness.ts'

/**
 * Budgets for fetches caused by an unknown `kid`. A flood of invented values must not reach the issuer,
 * but a rotation must still be noticed.
 *
 * `common` is for any `kid`. `repeated` is a reserve for a `kid` that was seen before: the `kid` of a new
 * key repeats, invented ones usually do not. Together they allow two fetches a minute in the long run, and
 * at most 5 in any minute.
 */
const budgets = {
  common: { capacity: 2, refillInterval: 1 * minutes },
  repeated: { capacity: 1, refillInterval: 1 * minutes },
}

/** The size of each of two generations of remembered hashes, about 0.5 MiB in total. */
const maxRemembered = 16_384

/** Limits how often an unknown `kid` causes a fetch. */
export class UnknownKidLimiter {
  readonly #common = new TokenBucket(budgets.common)
  readonly #repeated = new TokenBucket(budgets.repeated)
  readonly #seed = Math.floor(Math.random() * 0x1_0000_0000)
  #recent = new Set<number>()
  #older = new Set<number>()

  /**
   * Whether a token with this unknown `kid` may cause a fetch. If so, it counts against the budget.
   *
   * @param now the monotonic clock, in milliseconds
   */
  mayFetch(kid: string, now: number): boolean {
    const seenBefore = this.#remember(kid)
    return this.#common.take(now) || (seenBefore && this.#repeated.take(now))
  }

  /** Milliseconds until a token with any unknown `kid` may cause a fetch. */
  delayLeft(now: number): number {
    return this.#common.delayLeft(now)
  }

  /** Returns whether the `kid` was already remembered. */
  #remember(kid: string): boolean {
    const hashed = hash(kid, this.#seed)
    if (this.#recent.has(hashed) || this.#older.has(hashed)) return true
    if (this.#recent.size >= maxRemembered) {
      this.#older = this.#recent
      this.#recent = new Set()
    }
    this.#recent.add(hashed)
    return false
  }
}

/** A token bucket for rate limiting. Its tokens have nothing to do with access tokens. */
class TokenBucket {
  readonly #capacity: number
  readonly #refillInterval: number
  #left: number
  #refilledAt: number | undefined

  constructor({
    capacity,
    refillInterval,
  }: {
    readonly capacity: number
    readonly refillInterval: number
  }) {
    this.#capacity = capacity
    this.#refillInterval = refillInterval
    this.#left = capacity
  }

  /** Milliseconds until the next token. */
  delayLeft(now: number): number {
    this.#refill(now)
    return this.#left > 0 ? 0 : this.#refilledAt! + this.#refillInterval - now
  }

  take(now: number): boolean {
    this.#refill(now)
    if (this.#left === 0) return false
    this.#left -= 1
    return true
  }

  #refill(now: number): void {
    this.#refilledAt ??= now
    const refills = Math.floor((now - this.#refilledAt) / this.#refillInterval)
    this.#left = Math.min(this.#capacity, this.#left + refills)
    // While the bucket is full, time does not count towards the next refill.
    this.#refilledAt =
      this.#left === this.#capacity ? now : this.#refilledAt + refills * this.#refillInterval
  }
}

/** Not cryptographic. In a collision, a new `kid` counts as seen before, which does no harm. */
function hash(text: string, seed: number): number {
  let high = 0xdead_beef ^ seed
  let low = 0x41c6_ce57 ^ seed
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  return 4_294_967_296 * (2_097_151 & (low ^ (low >>> 16))) + ((high ^ (high >>> 15)) >>> 0)
}
