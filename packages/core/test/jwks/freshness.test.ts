import { expect, test } from 'vitest'
import {
  ageOf,
  type CachedKeySet,
  EmptySetGracePeriod,
  freshnessLifetime,
  isFresh,
  isOutdated,
  isOverdue,
  isRefreshDue,
  isUnused,
  isUsable,
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
  ['x-max-age=120', 300],
  ['max-age=120.5', 300],
  ['x-no-store, max-age=120', 120],
  ['no-cache-yet, max-age=120', 120],
  ['max-age=120, no-cache', 300],
  ['no-store , max-age=120', 300],
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

/** Requested at 1000 and fresh for a minute. */
const cached: CachedKeySet = {
  set: { keys: [], skipped: [], byJson: new Map() },
  requestedAt: 1000,
  lifetime: 60_000,
  refreshAge: 50_000,
}
const restored = { ...cached, restored: { age: 30_000 } }

test.each<readonly [what: string, isTrue: (now: number) => boolean, from: number]>([
  ['is stale', (now) => !isFresh(cached, now), 61_000],
  ['is due for a refresh', (now) => isRefreshDue(cached, now), 51_000],
  ['is not usable', (now) => !isUsable(cached, now, 5000), 66_000],
  ['was not refreshed because of a suspension', (now) => isOverdue(cached, now), 121_000],
  ['was not refreshed since it was restored', (now) => isOverdue(restored, now), 151_000],
  ['arrived too late', (now) => isOutdated(cached, 2000, now), 62_000],
  ['arrived too late, as the first one', (now) => isOutdated(undefined, 2000, now), 302_000],
])('a key set %s exactly from its time on', (_what, isTrue, from) => {
  expect([from - 1, from].map(isTrue)).toEqual([false, true])
})

test('the age of a key set counts from its request', () => {
  expect(ageOf(cached, 1500)).toBe(500)
})

test('an empty key set counts as a mistake for 5 minutes after the first one', () => {
  const period = new EmptySetGracePeriod()
  expect(period.timeLeft(1000)).toBe(Infinity)
  expect(period.isActive(1000)).toBe(true)
  expect([1000, 2000, 301_000, 400_000].map((now) => period.timeLeft(now))).toEqual([
    300_000, 299_000, 0, 0,
  ])
  expect([300_999, 301_000].map((now) => period.isActive(now))).toEqual([true, false])
  period.reset()
  expect(period.timeLeft(400_000)).toBe(Infinity)
  expect(period.isActive(400_000)).toBe(true)
})
