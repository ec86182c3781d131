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

describe('whatever is done to it', () => {
  test('never holds more than its bounds, and never gives out what was not put in last', () => {
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

  test('counts nothing once all is taken out', () => {
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

test('what is used stays through a flood, and what is not used goes', () => {
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

test('keeps the last half of its bounds, whatever came before', () => {
  const map = new GenerationalMap<number>({ entries: 100, bytes: 1e6 })
  for (let at = 0; at < 1000; at += 1) map.set(String(at), at, 1)
  const kept = Array.from({ length: 50 }, (_, back) => map.get(String(999 - back)))
  expect(kept).toEqual(Array.from({ length: 50 }, (_, back) => 999 - back))
})

test('what is larger than half of the bytes is not kept, and pushes nothing out', () => {
  const map = new GenerationalMap<string>({ entries: 100, bytes: 100 })
  map.set('small', 'kept', 10)
  map.set('large', 'not kept', 51)
  expect([map.get('small'), map.get('large'), map.bytes]).toEqual(['kept', undefined, 10])
})

test('an entry that is set again counts once', () => {
  const map = new GenerationalMap<string>({ entries: 10, bytes: 100 })
  map.set('id', 'first', 40)
  map.set('id', 'second', 30)
  expect([map.get('id'), map.size, map.bytes]).toEqual(['second', 1, 30])
})

describe('each generation has half of the bounds', () => {
  test.each([
    ['entries', { entries: 4, bytes: 1000 }, 10, [10, 20, 30, 40, 30, 40, 30]],
    ['an odd number of entries', { entries: 5, bytes: 1000 }, 10, [10, 20, 30, 40, 30, 40, 30]],
    ['bytes', { entries: 100, bytes: 100 }, 25, [25, 50, 75, 100, 75, 100, 75]],
    ['an odd number of bytes', { entries: 100, bytes: 99 }, 24, [24, 48, 72, 96, 72, 96, 72]],
  ])('%s', (_what, bounds, bytes, filled) => {
    const map = new GenerationalMap<number>(bounds)
    const found = filled.map((_, at) => {
      map.set(String(at), at, bytes)
      expect(map.size * bytes).toBe(map.bytes)
      return map.bytes
    })
    expect(found).toEqual(filled)
  })

  test('and an entry may fill one', () => {
    const map = new GenerationalMap<number>({ entries: 100, bytes: 100 })
    map.set('a', 1, 50)
    map.set('b', 2, 50)
    expect([map.get('a'), map.get('b'), map.bytes]).toEqual([1, 2, 100])
  })
})
