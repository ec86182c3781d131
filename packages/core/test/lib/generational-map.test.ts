import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GenerationalMap } from '../../src/lib/generational-map.ts'

const ids = fc.constantFrom(...Array.from('abcdefgh'))
const steps = fc.array(
  fc.oneof(
    fc.tuple(fc.constant('set'), ids, fc.integer({ min: 1, max: 30 })),
    fc.tuple(fc.constant('get'), ids, fc.constant(0)),
    fc.tuple(fc.constant('delete'), ids, fc.constant(0)),
  ),
  { maxLength: 200 },
)

describe('GenerationalMap, after any sequence of operations', () => {
  test('never exceeds its bounds, and returns only the last value that was set', () => {
    fc.assert(
      fc.property(steps, (walk) => {
        const bounds = { entries: 6, bytes: 60 }
        const map = new GenerationalMap<number>(bounds)
        const model = new Map<string, number>()
        for (const [at, [step, id, bytes]] of walk.entries()) {
          if (step === 'set') map.set(id, at, bytes)
          if (step === 'set') model.set(id, at)
          if (step === 'delete') map.delete(id)
          if (step === 'delete') model.delete(id)
          const found = map.get(id)
          expect(found === undefined || found === model.get(id)).toBe(true)
          expect(map.size).toBeLessThanOrEqual(bounds.entries)
          expect(map.bytes).toBeLessThanOrEqual(bounds.bytes)
        }
      }),
    )
  })

  test('has size and bytes zero when every entry is deleted', () => {
    fc.assert(
      fc.property(steps, (walk) => {
        const map = new GenerationalMap<string>({ entries: 6, bytes: 60 })
        for (const [step, id, bytes] of walk) {
          if (step === 'set') map.set(id, id, bytes)
          if (step === 'get') map.get(id)
          if (step === 'delete') map.delete(id)
        }
        for (const id of 'abcdefgh') map.delete(id)
        expect([map.size, map.bytes]).toEqual([0, 0])
      }),
    )
  })
})

test('GenerationalMap keeps an entry that is read during a flood, and drops one that is not', () => {
  const map = new GenerationalMap<string>({ entries: 100, bytes: 1e6 })
  map.set('used', 'kept', 1)
  map.set('unused', 'lost', 1)
  for (let at = 0; at < 1000; at += 1) {
    map.set(`flood-${at}`, 'flood', 1)
    if (at % 20 === 0) map.get('used')
  }
  expect(map.get('used')).toBe('kept')
  expect(map.get('unused')).toBeUndefined()
})

test('GenerationalMap keeps at least the most recent half of its capacity', () => {
  const map = new GenerationalMap<number>({ entries: 100, bytes: 1e6 })
  for (let at = 0; at < 1000; at += 1) map.set(String(at), at, 1)
  const kept = Array.from({ length: 50 }, (_, back) => map.get(String(999 - back)))
  expect(kept).toEqual(Array.from({ length: 50 }, (_, back) => 999 - back))
})

test('GenerationalMap does not store a value larger than half of its bytes, and evicts nothing for it', () => {
  const map = new GenerationalMap<string>({ entries: 100, bytes: 100 })
  map.set('small', 'kept', 10)
  map.set('large', 'not kept', 51)
  expect([map.get('small'), map.get('large'), map.bytes]).toEqual(['kept', undefined, 10])
})

test('GenerationalMap counts an entry once when it is set again', () => {
  const map = new GenerationalMap<string>({ entries: 10, bytes: 100 })
  map.set('id', 'first', 40)
  map.set('id', 'second', 30)
  expect([map.get('id'), map.size, map.bytes]).toEqual(['second', 1, 30])
})

describe('each generation of a GenerationalMap has half of the capacity', () => {
  test.each([
    ['entries', { entries: 4, bytes: 1000 }, 10, [10, 20, 30, 40, 30, 40, 30]],
    ['an odd number of entries', { entries: 5, bytes: 1000 }, 10, [10, 20, 30, 40, 30, 40, 30]],
    ['bytes', { entries: 100, bytes: 100 }, 25, [25, 50, 75, 100, 75, 100, 75]],
    ['an odd number of bytes', { entries: 100, bytes: 99 }, 24, [24, 48, 72, 96, 72, 96, 72]],
  ])('with bounds by %s', (_what, bounds, bytes, filled) => {
    const map = new GenerationalMap<number>(bounds)
    const found = filled.map((_, at) => {
      map.set(String(at), at, bytes)
      expect(map.size * bytes).toBe(map.bytes)
      return map.bytes
    })
    expect(found).toEqual(filled)
  })

  test('an entry may fill a whole generation', () => {
    const map = new GenerationalMap<number>({ entries: 100, bytes: 100 })
    map.set('a', 1, 50)
    map.set('b', 2, 50)
    expect([map.get('a'), map.get('b'), map.bytes]).toEqual([1, 2, 100])
  })
})
