/**
 * Remembers approximately which digests were seen, in a fixed amount of memory. Each slot stores a part
 * of the last digest that mapped to it. Entries may be forgotten, and about once in a hundred million
 * times two digests are confused. So use it to decide what is worth caching, never what is valid.
 */
export class Doorkeeper {
  readonly #slots: Int32Array

  /** @param expected how many digests to tell apart at a time */
  constructor(expected: number) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.min(expected, 2 ** 20)) + 1))
  }

  /**
   * Whether the digest was seen before. Remembers it.
   *
   * @param digest at least ten characters, uniformly distributed
   */
  seenBefore(digest: string): boolean {
    const slot = bitsAt(digest, 0) & (this.#slots.length - 1)
    const fingerprint = bitsAt(digest, 5)
    if (this.#slots[slot] === fingerprint) return true
    this.#slots[slot] = fingerprint
    return false
  }
}

/** A hash of five base64 characters, which carry 30 bits. */
function bitsAt(digest: string, start: number): number {
  let bits = 0
  for (let at = start; at < start + 5; at += 1) bits = Math.imul(bits, 67) + digest.charCodeAt(at)
  return bits | 0
}
