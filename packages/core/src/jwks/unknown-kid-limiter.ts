import { seconds } from './freshness.ts'

/**
 * Fetches for key names that the set does not hold: few enough that a flood of invented names does
 * not reach the issuer, and never so few that a rotation goes unnoticed. `common` is for any name.
 * `repeated` is a reserve for names that came before: those of a rotation do, invented ones do not.
 * Together at most 11 in any minute, so that with a refresh of the usual kind there are 12.
 */
const budgets = {
  common: { capacity: 2, refill: 10 * seconds },
  repeated: { capacity: 1, refill: 30 * seconds },
}

/** Names remembered in each of two generations, as numbers: some 0.5 MiB at the most. */
const remembered = 16_384

export class UnknownKidLimiter {
  readonly #common = new Bucket(budgets.common)
  readonly #repeated = new Bucket(budgets.repeated)
  readonly #seed = Math.floor(Math.random() * 0x1_0000_0000)
  #recent = new Set<number>()
  #older = new Set<number>()

  /** Whether the issuer may be asked about this name at this (monotonic) time. */
  mayFetch(kid: string, now: number): boolean {
    const seenBefore = this.#note(kid)
    return this.#common.take(now) || (seenBefore && this.#repeated.take(now))
  }

  #note(kid: string): boolean {
    const name = hash(kid, this.#seed)
    if (this.#recent.has(name) || this.#older.has(name)) return true
    if (this.#recent.size >= remembered) {
      this.#older = this.#recent
      this.#recent = new Set()
    }
    this.#recent.add(name)
    return false
  }
}

class Bucket {
  readonly #capacity: number
  readonly #refill: number
  #left: number
  #since: number | undefined

  constructor({ capacity, refill }: { readonly capacity: number; readonly refill: number }) {
    this.#capacity = capacity
    this.#refill = refill
    this.#left = capacity
  }

  take(now: number): boolean {
    this.#since ??= now
    const refilled = Math.floor((now - this.#since) / this.#refill)
    this.#left = Math.min(this.#capacity, this.#left + refilled)
    // A full bucket saves nothing up; else the rest of an interval counts on.
    this.#since = this.#left === this.#capacity ? now : this.#since + refilled * this.#refill
    if (this.#left === 0) return false
    this.#left -= 1
    return true
  }
}

/** Not for security: two names with one number would only share a memory of having been seen. */
function hash(text: string, seed: number): number {
  let [high, low] = [0xdead_beef ^ seed, 0x41c6_ce57 ^ seed]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  return 4_294_967_296 * (2_097_151 & (low ^ (low >>> 16))) + ((high ^ (high >>> 15)) >>> 0)
}
