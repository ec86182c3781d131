/** Values that are kept with objects of others. They go when the object goes. */
export interface PrivateSlot<Value> {
  get(object: object): Value | undefined
  set(object: object, value: Value): void
}

/** Hands back what it is given: a class that extends it puts its private fields on that. */
// oxlint-disable-next-line typescript/no-extraneous-class -- its constructor is what it is for
class Given {
  constructor(object: object) {
    return object
  }
}

/**
 * Keeps a value in a private field of the object itself. Nobody else can read or write it, and no copy or
 * print shows it, as with a `WeakMap`, which takes the garbage collector about 10 µs a request more:
 * decisions/053. Engines may refuse such a field where an object cannot be extended; a map has those.
 */
export function privateSlot<Value>(): PrivateSlot<Value> {
  const map = new WeakMap<object, Value>()
  class Field extends Given {
    #value: Value
    constructor(object: object, value: Value) {
      super(object)
      this.#value = value
    }
    static get(object: object): Value | undefined {
      return #value in object ? object.#value : map.get(object)
    }
    static set(object: object, value: Value): void {
      if (#value in object) object.#value = value
      else if (!Object.isExtensible(object)) map.set(object, value)
      // oxlint-disable-next-line no-new -- the field stays with the object
      else new Field(object, value)
    }
  }
  return Field
}
