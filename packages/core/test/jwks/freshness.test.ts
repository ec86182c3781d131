import { expect, test } from 'vitest'
import { freshnessLifetime, refreshAge, retryDelay } from '../../src/jwks/freshness.ts'

const ms = 1000

test('the delay before a retry doubles, is random and bounded, and respects Retry-After', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((count) => retryDelay(count, undefined, 1) / ms)).toEqual([
    1, 2, 4, 8, 16, 30, 30,
  ])
  expect(retryDelay(1, undefined, 0)).toBe(500)
  expect(retryDelay(1, 120)).toBe(120_000)
  expect(retryDelay(1, 86_400)).toBe(300_000)
})

test('the refresh is due after 85 to 95 percent of the lifetime, at random', () => {
  const ages = [0, 0.5, 1].map((random) => refreshAge(300_000, random))
  expect(ages).toEqual([255_000, 270_000, 285_000])
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
])('a response with Cache-Control %j is fresh for %i seconds', (header, expected) => {
  expect(freshnessLifetime(header)).toBe(expected * ms)
})
