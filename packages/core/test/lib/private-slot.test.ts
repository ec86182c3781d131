import { describe, expect, test } from 'vitest'
import { privateSlot } from '../../src/lib/private-slot.ts'

describe.each([
  ['an object', (): object => ({})],
  ['a frozen object', (): object => Object.freeze({})],
  ['a proxy', (): object => new Proxy({}, {})],
  ['an object without a prototype', (): object => Object.create(null) as object],
])('beside %s', (_, make) => {
  test('a value is kept, replaced and seen by its keeper alone', () => {
    const [one, other] = [make(), make()]
    const [kept, strange] = [privateSlot<string>(), privateSlot<string>()]
    expect(kept.get(one)).toBeUndefined()
    kept.set(one, 'a')
    expect(kept.get(one)).toBe('a')
    kept.set(one, 'b')
    expect(kept.get(one)).toBe('b')
    expect(kept.get(other)).toBeUndefined()
    expect(strange.get(one)).toBeUndefined()
    strange.set(one, 'c')
    expect(kept.get(one)).toBe('b')
  })

  test('a value is on no list of members, and no heir has it', () => {
    const kept = privateSlot<string>()
    const one = make()
    kept.set(one, 'a')
    expect(Reflect.ownKeys(one)).toEqual([])
    expect(kept.get(Object.create(one) as object)).toBeUndefined()
  })
})

test('a value stays where its object is frozen later', () => {
  const kept = privateSlot<string>()
  const one = {}
  kept.set(one, 'a')
  Object.freeze(one)
  kept.set(one, 'b')
  expect(kept.get(one)).toBe('b')
})
