/** The marks of as many entries are told apart well enough; with more, wrong answers become frequent. */
const maxExpected = 2 ** 20
const marksPerEntry = 8
/** A full counter no longer counts, so it is never zero again. */
const full = 255

/**
 * Counts the entries of a map, using a mark for each of them. Says quickly, and without the map, that an entry is not
 * there. It may report an absent entry as present: one in thirteen if the map is full.
 */
export class MarkCounter {
  readonly #counts: Uint8Array

  /** @param expected the number of entries */
  constructor(expected: number) {
    const size = marksPerEntry * Math.min(Math.max(expected, 1), maxExpected)
    this.#counts = new Uint8Array(2 ** Math.ceil(Math.log2(size)))
  }

  /** False only if no entry with this mark is there. */
  mayHave(mark: number): boolean {
    return this.#counts[this.#slotOf(mark)] !== 0
  }

  add(mark: number): void {
    const slot = this.#slotOf(mark)
    if (this.#counts[slot]! < full) this.#counts[slot]! += 1
  }

  remove(mark: number): void {
    const slot = this.#slotOf(mark)
    if (this.#counts[slot]! < full) this.#counts[slot]! -= 1
  }

  #slotOf(mark: number): number {
    return mark & (this.#counts.length - 1)
  }
}
