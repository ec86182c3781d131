const limits = { lists: 256, characters: 512 }

/**
 * Frozen lists by the text that they are read from, because most tokens have the same few scopes and audiences.
 * Bounded, because any issuer can write texts.
 */
export class TextLists {
  readonly #lists = new Map<string, readonly string[]>()
  readonly #read: (text: string) => readonly string[]

  /** @param read must return the same names for the same text */
  constructor(read: (text: string) => readonly string[]) {
    this.#read = read
  }

  get(text: string): readonly string[] {
    const known = this.#lists.get(text)
    if (known) return known
    const list = Object.freeze(this.#read(text))
    if (text.length > limits.characters) return list
    if (this.#lists.size >= limits.lists) this.#lists.clear()
    this.#lists.set(text, list)
    return list
  }
}
