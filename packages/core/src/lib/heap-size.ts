/** How many shapes of objects are remembered, and how long the names of a shape may be together. */
const maxShapes = 256
const maxShapeLength = 512

/** Bytes in V8 without pointer compression, as in Node: a header and one word for each slot. */
const word = 8
const sizes = {
  string: 32,
  /** A number that does not fit into its slot. */
  number: 16,
  array: 48,
  object: 56,
  /** The hidden class of an object with names that no other object has, or in another order. */
  shape: 128,
  /** The name of a member, and its description in the hidden class. */
  name: 128,
  /** An object with names such as "30": V8 reserves slots for the numbers before it. */
  indexes: 300,
  /** A member with such a name. */
  index: 60,
} as const

/**
 * Estimates how much of the heap is occupied by values that `JSON.parse` created. The values must not be nested
 * deeply.
 *
 * V8 stores the names of members once for all objects with the same names in the same order. So names count
 * fully only if no such object was measured recently.
 */
export class HeapSize {
  readonly #shapes = new Set<string>()

  of(value: unknown): number {
    if (typeof value === 'string') return sizes.string + charactersOf(value)
    if (typeof value === 'number') return (value | 0) === value ? 0 : sizes.number
    if (typeof value !== 'object' || value === null) return 0
    return Array.isArray(value) ? this.#ofArray(value) : this.#ofObject(value)
  }

  #ofArray(items: readonly unknown[]): number {
    let bytes = sizes.array + word * items.length
    for (const item of items) bytes += this.of(item)
    return bytes
  }

  #ofObject(object: object): number {
    const names = Object.keys(object)
    let bytes = sizes.object + word * names.length
    if (names.length > 0 && this.#isNewShape(names)) bytes += sizeOfShape(names)
    const indexes = names.filter(isIndex).length
    if (indexes > 0) bytes += sizes.indexes + sizes.index * indexes
    for (const value of Object.values(object)) bytes += this.of(value)
    return bytes
  }

  #isNewShape(names: readonly string[]): boolean {
    const shape = JSON.stringify(names)
    if (this.#shapes.has(shape)) return false
    if (shape.length > maxShapeLength) return true
    if (this.#shapes.size >= maxShapes) this.#shapes.clear()
    this.#shapes.add(shape)
    return true
  }
}

function sizeOfShape(names: readonly string[]): number {
  let bytes: number = sizes.shape
  for (const name of names) bytes += sizes.name + charactersOf(name)
  return bytes
}

/** V8 stores two bytes for each character if one of them does not fit into one. */
function charactersOf(text: string): number {
  return /[^\0-\u00FF]/.test(text) ? 2 * text.length : text.length
}

/** Whether V8 stores a member with this name like an item of an array. */
export function isIndex(name: string): boolean {
  return String(Number(name) >>> 0) === name
}
