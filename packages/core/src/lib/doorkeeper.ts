const ways = 8
/** The lowest bits of a slot: how often the digest was seen. 0 only in an empty slot. */
const countMask = 3

/**
 * Remembers approximately which digests were seen and how often, in a fixed amount of memory. Digests may
 * be forgotten, and about once in a hundred million times two digests are confused. So use it to decide
 * what is worth caching, never what is valid.
 *
 * Each digest has eight possible slots. If all are taken, a random one is overwritten. A fixed choice
 * would let two digests that are used in turn overwrite each other forever.
 */
export class Doorkeeper {
  readonly #slots: Int32Array
  readonly #buckets: number
  #random = 1

  /** @param expected how many digests to tell apart at a time */
  constructor(expected: number) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(4 * Math.min(expected, 2 ** 20))))
    this.#buckets = this.#slots.length / ways
  }

  /**
   * How often the digest was seen, including this time: 1, 2, or 3. After 3, counting continues with 2.
   *
   * @param digest has at least ten characters from `from` on, uniformly distributed
   */
  timesSeen(digest: string, from = 0): number {
    const start = (bitsAt(digest, from) & (this.#buckets - 1)) * ways
    const fingerprint = bitsAt(digest, from + 5) & ~countMask
    const slots = this.#slots
    let empty = -1
    for (let slot = start; slot < start + ways; slot += 1) {
      const value = slots[slot]!
      if (value === 0) empty = slot
      else if ((value & ~countMask) === fingerprint) {
        const count = (value & countMask) + 1
        slots[slot] = fingerprint | (count === 3 ? 1 : count)
        return count
      }
    }
    slots[empty === -1 ? start + this.#randomWay() : empty] = fingerprint | 1
    return 1
  }

  /** A linear congruential generator (Numerical Recipes). Its high bits are the random ones. */
  #randomWay(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0
    return this.#random >>> 29
  }
}

/** A hash of five base64 characters, which carry 30 bits. */
export function bitsAt(digest: string, start: number): number {
  let bits = 0
  for (let at = start; at < start + 5; at += 1) bits = Math.imul(bits, 67) + digest.charCodeAt(at)
  return bits | 0
}
