import { expect, test } from 'vitest'
import {
  type CachedKeySet,
  freshnessLifetime,
  isUnused,
  refreshAge,
  sharedRefreshAge,
  storedLifetime,
} from '../../src/jwks/freshness.ts'

const ms = 1000

test('the first refresh is due after 50 to 95 percent of the lifetime, at random', () => {
  const ages = [0, 0.5, 1].map((random) => refreshAge(300_000, true, random))
  expect(ages).toEqual([150_000, 217_500, 285_000])
})

test('later refreshes are due after 85 to 95 percent of the lifetime, at random', () => {
  const ages = [0, 0.5, 1].map((random) => refreshAge(300_000, false, random))
  expect(ages).toEqual([255_000, 270_000, 285_000])
})

test.each([
  [null, 300],
  ['public, max-age=120', 120],
  ['max-age=120, public', 120],
  ['max-age=120 , public', 120],
  ['max-age=60', 60],
  ['max-age=59', 300],
  ['max-age=0', 300],
  ['no-cache, no-store, max-age=0, must-revalidate', 300],
  ['max-age=600, no-store', 300],
  ['No-Cache, max-age=120', 300],
  ['max-age=86400', 600],
  ['s-maxage=90', 300],
  ['max-age=soon', 300],
])('a response with Cache-Control %j is fresh for %i seconds', (header, expected) => {
  expect(freshnessLifetime(header, 600 * ms)).toBe(expected * ms)
})

test.each([
  [300, 300],
  [7200, 3600],
  [86_400, 86_400],
])('with a maximum of %i seconds, max-age can be up to that', (max, maxAge) => {
  expect(freshnessLifetime(`max-age=${maxAge}`, max * ms)).toBe(Math.min(max, maxAge) * ms)
  expect(freshnessLifetime('max-age=999999', max * ms)).toBe(max * ms)
})

test('about one of any number of processes refreshes a stored key set before the others', () => {
  expect(sharedRefreshAge(300_000, 0)).toBe(285_000)
  expect(sharedRefreshAge(300_000, 1)).toBe(150_000)
  expect(sharedRefreshAge(300_000, 0.5)).toBeCloseTo(280_841, 0)
  expect(sharedRefreshAge(300_000, 0.9999)).toBeCloseTo(229_738, 0)
})

test.each([
  [undefined, 300],
  [10, 60],
  [120, 120],
  [86_400, 600],
])('a key set that was stored as fresh for %s seconds is fresh for %i', (stored, expected) => {
  const lifetime = storedLifetime(stored === undefined ? undefined : stored * ms, 600 * ms)
  expect(lifetime).toBe(expected * ms)
})

test('a key set is unused once no token needed it for two lifetimes', () => {
  const cached = { lifetime: 60_000 } as CachedKeySet
  expect(isUnused(cached, 1000, 120_999)).toBe(false)
  expect(isUnused(cached, 1000, 121_000)).toBe(true)
})

test('without a key set, the default lifetime of 5 minutes counts', () => {
  expect(isUnused(undefined, 0, 599_999)).toBe(false)
  expect(isUnused(undefined, 0, 600_000)).toBe(true)
})
