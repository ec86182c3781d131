/** Associates values with objects that other code owns. A value lives as long as its object. */
export interface PrivateSlot<Value> {
  get(object: object): Value | undefined
  set(object: object, value: Value): void
}

/** Its constructor returns its argument, so a derived class adds its private fields to that object. */
// oxlint-disable-next-line typescript/no-extraneous-class -- only the constructor is needed
class ReturnArgument {
  constructor(object: object) {
    return object
  }
}

/**
 * Stores a value in a private field of the object itself. As with a `WeakMap`, no other code can read or
 * write the value, and copying or printing the object does not reveal it. A `WeakMap` costs about 10 µs
 * more per request with a cached token: decisions/081. Engines may refuse to add a private field to an
 * object that is not extensible, so a `WeakMap` stores the values of such objects.
 */
export function privateSlot<Value>(): PrivateSlot<Value> {
  const map = new WeakMap<object, Value>()
  class Field extends ReturnArgument {
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
      // oxlint-disable-next-line no-new -- the constructor adds the field to the object
      else new Field(object, value)
    }
  }
  return Field
}

/** Whether a value can have a slot: objects and functions. They can also be keys of a `WeakMap`. */
export function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}
