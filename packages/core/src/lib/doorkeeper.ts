/**
 * Whether a digest was seen a while ago, in a fixed size: each slot keeps a part of the last digest that
 * fell into it. It may forget, and once in a hundred million times it may take one for another. So it
 * decides what is worth remembering, and never what is right.
 */
export class Doorkeeper {
  readonly #slots: Int32Array

  /** @param expected how many digests are to be told apart at a time */
  constructor(expected: number) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.min(expected, 2 ** 20)) + 1))
  }

  /** @param digest of at least ten characters, each as likely as any other */
  seenBefore(digest: string): boolean {
    const slot = bitsAt(digest, 0) & (this.#slots.length - 1)
    const mark = bitsAt(digest, 5)
    if (this.#slots[slot] === mark) return true
    this.#slots[slot] = mark
    return false
  }
}

/** Five characters of six bits. */
function bitsAt(digest: string, start: number): number {
  let bits = 0
  for (let at = start; at < start + 5; at += 1) bits = Math.imul(bits, 67) + digest.charCodeAt(at)
  return bits | 0
}
