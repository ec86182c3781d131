import { array, assert, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { UnknownKidLimiter } from '../../src/jwks/unknown-kid-limiter.ts'

const ms = 1000

test('10,000 invented kids per second cause two fetches at once, then one a minute', () => {
  const limiter = new UnknownKidLimiter()
  const fetches: number[] = []
  for (let second = 0; second < 180; second += 1) {
    for (let at = 0; at < 10_000; at += 1)
      if (limiter.mayFetch(`invented-${second}-${at}`, second * ms + at / 10)) fetches.push(second)
  }
  expect(fetches).toEqual([0, 0, 60, 120])
})

test('a kid that repeats during a flood causes one fetch from the reserve', () => {
  const limiter = new UnknownKidLimiter()
  for (let at = 0; at < 30_000; at += 1) limiter.mayFetch(`invented-${at}`, at / 10)
  expect(limiter.mayFetch('rotated', 3001)).toBe(false)
  expect(limiter.mayFetch('rotated', 3002)).toBe(true)
  expect(limiter.mayFetch('rotated', 3003)).toBe(false)
})

test('time does not count towards the next refill while the budget is full', () => {
  const limiter = new UnknownKidLimiter()
  const at = [0, 119_900, 119_900, 120_000, 179_899, 179_900]
  expect(at.map((now, nth) => limiter.mayFetch(`invented-${nth}`, now))).toEqual([
    true,
    true,
    true,
    false,
    false,
    true,
  ])
})

// Two generations of 16,384 kids each are remembered.
test.each([
  ['remembers', 1],
  ['remembers', 3],
  ['remembers', 32_767],
  ['forgets', 32_768],
])('%s a kid after %i other kids', (expected, others) => {
  const limiter = new UnknownKidLimiter()
  expect(limiter.mayFetch('rotated', 0)).toBe(true)
  // The first one uses up the common budget.
  for (let at = 0; at < others; at += 1) limiter.mayFetch(`invented-${at}`, 0)
  expect(limiter.mayFetch('rotated', 0)).toBe(expected === 'remembers')
})

test('a flood of repeating kids causes two fetches a minute in the long run', () => {
  const limiter = new UnknownKidLimiter()
  const fetches: number[] = []
  for (let second = 0; second < 660; second += 1) {
    for (let at = 0; at < 100; at += 1)
      if (limiter.mayFetch(`invented-${at}`, second * ms)) fetches.push(second)
  }
  expect(fetches.filter((second) => second >= 60)).toHaveLength(20)
})

test('any sequence of kids causes at most 5 fetches in any minute', () => {
  const step = record({ kid: integer({ max: 20 }), wait: integer({ min: 0, max: 8000 }) })
  assert(
    property(array(step, { minLength: 100, maxLength: 400 }), (steps) => {
      const limiter = new UnknownKidLimiter()
      let now = 0
      const fetches: number[] = []
      for (const { kid, wait } of steps) {
        now += wait
        if (limiter.mayFetch(String(kid), now)) fetches.push(now)
      }
      for (const from of fetches)
        expect(fetches.filter((at) => at >= from && at < from + 60_000).length).toBeLessThan(6)
    }),
  )
})

test('delayLeft is the time until a token with any unknown kid may cause a fetch', () => {
  const limiter = new UnknownKidLimiter()
  expect(limiter.delayLeft(1000)).toBe(0)
  limiter.mayFetch('a', 1000)
  expect(limiter.delayLeft(1000)).toBe(0)
  limiter.mayFetch('b', 2000)
  expect([2000, 60_999, 61_000].map((now) => limiter.delayLeft(now))).toEqual([59_000, 1, 0])
})
