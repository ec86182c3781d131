interface Entry<Value> {
  readonly value: Value
  readonly bytes: number
}

interface Generation<Value> {
  readonly entries: Map<string, Entry<Value>>
  bytes: number
}

/** Limits that are never exceeded. */
export interface Bounds {
  readonly entries: number
  readonly bytes: number
}

/**
 * A bounded map that drops entries that are no longer used. It has two generations, each with half of
 * the capacity. New and recently used entries are in the young generation. When that is full, it becomes
 * the old generation, and the previous old generation is dropped. So reading an entry costs no reordering,
 * and a flood of new entries evicts only entries that are not read while half of the map fills.
 */
export class GenerationalMap<Value> {
  readonly #half: Bounds
  #young: Generation<Value> = empty()
  #old: Generation<Value> = empty()

  constructor({ entries, bytes }: Bounds) {
    this.#half = { entries: Math.floor(entries / 2), bytes: Math.floor(bytes / 2) }
  }

  get size(): number {
    return this.#young.entries.size + this.#old.entries.size
  }

  get bytes(): number {
    return this.#young.bytes + this.#old.bytes
  }

  /** Returns the value if it is still stored. Counts as a use. */
  get(id: string): Value | undefined {
    const entry = this.#young.entries.get(id) ?? this.#rejuvenate(id)
    return entry?.value
  }

  /** Stores a value. A value that is larger than one generation is not stored. */
  set(id: string, value: Value, bytes: number): void {
    this.delete(id)
    this.#add(id, { value, bytes })
  }

  delete(id: string): void {
    for (const generation of [this.#young, this.#old]) {
      const entry = generation.entries.get(id)
      if (!entry) continue
      generation.entries.delete(id)
      generation.bytes -= entry.bytes
    }
  }

  #rejuvenate(id: string): Entry<Value> | undefined {
    const entry = this.#old.entries.get(id)
    if (!entry) return undefined
    this.delete(id)
    this.#add(id, entry)
    return entry
  }

  #add(id: string, entry: Entry<Value>): void {
    if (entry.bytes > this.#half.bytes) return
    const full =
      this.#young.entries.size >= this.#half.entries ||
      this.#young.bytes + entry.bytes > this.#half.bytes
    if (full) {
      this.#old = this.#young
      this.#young = empty()
    }
    this.#young.entries.set(id, entry)
    this.#young.bytes += entry.bytes
  }
}

function empty<Value>(): Generation<Value> {
  return { entries: new Map(), bytes: 0 }
}
