import { describe, expect, test } from 'vitest'
import { retryDelay } from '../../src/jwks/retry-delay.ts'

const seconds = 1000
const usableFor = 3600 * seconds

/** The delay in seconds after a number of failures. */
const delayAfter = (failures: number, conditions: object = {}, random = 1): number =>
  retryDelay({ failures, usableFor: 0, requested: undefined, ...conditions }, random) / seconds

test('without keys, the delay doubles with each failure, up to 30 seconds', () => {
  const failures = [1, 2, 3, 4, 5, 6, 60]
  expect(failures.map((count) => delayAfter(count))).toEqual([1, 2, 4, 8, 16, 30, 30])
})

test('with keys, the delay grows faster, up to 4 minutes', () => {
  const failures = [1, 2, 3, 4, 60]
  expect(failures.map((count) => delayAfter(count, { usableFor }))).toEqual([5, 25, 125, 240, 240])
})

test('half of the delay is random', () => {
  expect([0, 0.5, 1].map((random) => delayAfter(60, {}, random))).toEqual([15, 22.5, 30])
  expect([0, 0.5, 1].map((random) => delayAfter(60, { usableFor }, random))).toEqual([
    120, 180, 240,
  ])
})

test('when the keys expire, the next fetch is due, unless the last one was less than 30 seconds ago', () => {
  expect(delayAfter(60, { usableFor: 100 * seconds })).toBe(100)
  expect(delayAfter(60, { usableFor: 10 * seconds })).toBe(30)
  expect(delayAfter(60, { usableFor: 10 * seconds }, 0)).toBe(15)
})

describe('Retry-After', () => {
  test.each([
    ['10 seconds', 0, 10, 10, 40],
    ['30 seconds', 0, 30, 30, 60],
    ['30 seconds, with keys', usableFor, 30, 30, 90],
    ['100 seconds', 0, 100, 100, 200],
    ['10 minutes', 0, 600, 600, 720],
    ['10 minutes, with keys', usableFor, 600, 600, 720],
    ['one hour', 0, 3600, 3600, 3720],
    ['a day, which is more than the maximum', 0, 86_400, 3600, 3720],
  ])('of %s is a minimum, and instances are spread after it', (_what, usable, asked, min, max) => {
    const conditions = { usableFor: usable, requested: asked * seconds }
    expect([0, 1].map((random) => delayAfter(1, conditions, random))).toEqual([min, max])
  })

  test('does not shorten the delay', () => {
    expect(delayAfter(60, { usableFor, requested: 1 * seconds })).toBe(240)
  })
})
