import { array, assert, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { UnknownKidLimiter } from '../../src/jwks/unknown-kid-limiter.ts'

const ms = 1000

test('10,000 invented kids per second cause at most 11 fetches in any minute', () => {
  const limiter = new UnknownKidLimiter()
  const fetches: number[] = []
  for (let second = 0; second < 180; second += 1) {
    for (let at = 0; at < 10_000; at += 1)
      if (limiter.mayFetch(`invented-${second}-${at}`, second * ms + at / 10)) fetches.push(second)
  }
  const inMinute = (from: number): number =>
    fetches.filter((second) => second >= from && second < from + 60).length
  const most = Math.max(...Array.from({ length: 121 }, (_, from) => inMinute(from)))
  expect(most).toBeLessThanOrEqual(11)
  expect(most).toBeGreaterThanOrEqual(6)
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
  const at = [0, 19_900, 19_900, 20_000, 29_899, 29_900]
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

test('a flood of repeating kids still allows a fetch every ten seconds', () => {
  const limiter = new UnknownKidLimiter()
  const fetches = new Set<number>()
  for (let second = 0; second < 120; second += 1) {
    for (let at = 0; at < 100; at += 1)
      if (limiter.mayFetch(`invented-${at}`, second * ms)) fetches.add(second)
  }
  for (let from = 0; from < 110; from += 1) {
    const within = [...fetches].filter((second) => second >= from && second <= from + 10)
    expect(within.length, `from second ${from}`).toBeGreaterThan(0)
  }
})

test('any sequence of kids causes at most 11 fetches in any minute', () => {
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
        expect(fetches.filter((at) => at >= from && at < from + 60_000).length).toBeLessThan(12)
    }),
  )
})
