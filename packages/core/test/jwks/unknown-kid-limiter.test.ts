import { array, assert, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { freshFor, pauseAfter, refreshAfter } from '../../src/jwks/freshness.ts'
import { UnknownKidLimiter } from '../../src/jwks/unknown-kid-limiter.ts'

const ms = 1000

test('10,000 invented names a second cost at most 11 fetches in any minute', () => {
  const kids = new UnknownKidLimiter()
  const fetches: number[] = []
  for (let second = 0; second < 180; second += 1) {
    for (let at = 0; at < 10_000; at += 1)
      if (kids.mayFetch(`invented-${second}-${at}`, second * ms + at / 10)) fetches.push(second)
  }
  const inMinute = (from: number): number =>
    fetches.filter((second) => second >= from && second < from + 60).length
  const most = Math.max(...Array.from({ length: 121 }, (_, from) => inMinute(from)))
  expect(most).toBeLessThanOrEqual(11)
  expect(most).toBeGreaterThanOrEqual(6)
})

test('a name that repeats in the middle of a flood has a fetch of its own', () => {
  const kids = new UnknownKidLimiter()
  for (let at = 0; at < 30_000; at += 1) kids.mayFetch(`invented-${at}`, at / 10)
  expect(kids.mayFetch('rotated', 3001)).toBe(false)
  expect(kids.mayFetch('rotated', 3002)).toBe(true)
  expect(kids.mayFetch('rotated', 3003)).toBe(false)
})

test('a full bucket saves nothing up, not even a part of an interval', () => {
  const kids = new UnknownKidLimiter()
  const at = [0, 19_900, 19_900, 20_000, 29_899, 29_900]
  expect(at.map((now, nth) => kids.mayFetch(`invented-${nth}`, now))).toEqual([
    ...[true, true, true, false, false, true],
  ])
})

// Two generations of names are remembered, of 16,384 each.
test.each([
  [1, true],
  [3, true],
  [32_767, true],
  [32_768, false],
])('after %i others a name is known as one that repeats: %s', (others, known) => {
  const kids = new UnknownKidLimiter()
  expect(kids.mayFetch('rotated', 0)).toBe(true)
  // The first of them has the other fetch for any name.
  for (let at = 0; at < others; at += 1) kids.mayFetch(`invented-${at}`, 0)
  expect(kids.mayFetch('rotated', 0)).toBe(known)
})

test('in a flood of repeating names somebody fetches every ten seconds all the same', () => {
  const kids = new UnknownKidLimiter()
  const fetches = new Set<number>()
  for (let second = 0; second < 120; second += 1) {
    for (let at = 0; at < 100; at += 1)
      if (kids.mayFetch(`invented-${at}`, second * ms)) fetches.add(second)
  }
  for (let from = 0; from < 110; from += 1) {
    const within = [...fetches].filter((second) => second >= from && second <= from + 10)
    expect(within.length, `from second ${from}`).toBeGreaterThan(0)
  }
})

test('whatever comes when, any minute has at most 11 fetches', () => {
  const step = record({ kid: integer({ max: 20 }), wait: integer({ min: 0, max: 8000 }) })
  assert(
    property(array(step, { minLength: 100, maxLength: 400 }), (steps) => {
      const kids = new UnknownKidLimiter()
      let now = 0
      const fetches: number[] = []
      for (const { kid, wait } of steps) {
        now += wait
        if (kids.mayFetch(String(kid), now)) fetches.push(now)
      }
      for (const from of fetches)
        expect(fetches.filter((at) => at >= from && at < from + 60_000).length).toBeLessThan(12)
    }),
  )
})

test('pauses double, are scattered, have a bound, and honor what was asked for', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((count) => pauseAfter(count, undefined, 1) / ms)).toEqual([
    1, 2, 4, 8, 16, 30, 30,
  ])
  expect(pauseAfter(1, undefined, 0)).toBe(500)
  expect(pauseAfter(1, 120)).toBe(120_000)
  expect(pauseAfter(1, 86_400)).toBe(300_000)
})

test('a set is refreshed before its freshness ends, and never all of a fleet at once', () => {
  const times = [0, 0.5, 1].map((random) => refreshAfter(300_000, random))
  expect(times).toEqual([255_000, 270_000, 285_000])
})

test.each([
  [null, 300],
  ['public, max-age=120', 120],
  ['max-age=120, public', 120],
  ['max-age=120 , public', 120],
  ['max-age=0', 60],
  ['max-age=86400', 600],
  ['s-maxage=90', 300],
  ['max-age=soon', 300],
])('Cache-Control: %s is fresh for %i seconds', (header, expected) => {
  expect(freshFor(header)).toBe(expected * ms)
})
