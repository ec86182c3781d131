import { describe, expect, test } from 'vitest'
import { isObject, privateSlot } from '../../src/lib/private-slot.ts'

describe.each([
  ['an object', (): object => ({})],
  ['a frozen object', (): object => Object.freeze({})],
  ['a proxy', (): object => new Proxy({}, {})],
  ['an object without a prototype', (): object => Object.create(null) as object],
])('privateSlot on %s', (_, make) => {
  test('stores and replaces a value that no other slot sees', () => {
    const [one, other] = [make(), make()]
    const [slot, otherSlot] = [privateSlot<string>(), privateSlot<string>()]
    expect(slot.get(one)).toBeUndefined()
    slot.set(one, 'a')
    expect(slot.get(one)).toBe('a')
    slot.set(one, 'b')
    expect(slot.get(one)).toBe('b')
    expect(slot.get(other)).toBeUndefined()
    expect(otherSlot.get(one)).toBeUndefined()
    otherSlot.set(one, 'c')
    expect(slot.get(one)).toBe('b')
  })

  test('adds no visible member, and derived objects do not inherit the value', () => {
    const slot = privateSlot<string>()
    const one = make()
    slot.set(one, 'a')
    expect(Reflect.ownKeys(one)).toEqual([])
    expect(slot.get(Object.create(one) as object)).toBeUndefined()
  })
})

test('privateSlot keeps its value when the object is frozen later', () => {
  const slot = privateSlot<string>()
  const one = {}
  slot.set(one, 'a')
  Object.freeze(one)
  slot.set(one, 'b')
  expect(slot.get(one)).toBe('b')
})

test('objects and functions can have a slot, and other values cannot', () => {
  const values = [{}, [], () => {}, Object.create(null), null, undefined, 'a', 1, true, Symbol('a')]
  expect(values.map(isObject)).toEqual([true, true, true, true, ...Array(6).fill(false)])
})
