import { describe, expect, test } from 'vitest'
import { createTestClock } from '../src/index.ts'

describe('the test clock', () => {
  test('advances the wall clock and the monotonic clock together', () => {
    const clock = createTestClock(new Date(1_000))
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
    clock.advance(1.5)
    expect([clock.now(), clock.monotonic()]).toEqual([2_500, 1_500])
  })

  test('jumps the wall clock without moving the monotonic clock', () => {
    const clock = createTestClock(new Date(10_000))
    clock.jump(-5)
    expect([clock.now(), clock.monotonic()]).toEqual([5_000, 0])
  })

  test('starts at a whole second', () => {
    expect(createTestClock().now() % 1000).toBe(0)
  })

  test.each([
    ['advance(-1)', () => createTestClock().advance(-1), 'only moves forward'],
    ['advance(NaN)', () => createTestClock().advance(NaN), 'a finite number of seconds'],
    ['jump(Infinity)', () => createTestClock().jump(Infinity), 'a finite number of seconds'],
    ['an invalid start date', () => createTestClock(new Date(NaN)), 'a valid Date'],
  ])('throws a TypeError for %s', (_call, misuse, message) => {
    expect(misuse).toThrow(TypeError)
    expect(misuse).toThrow(message)
  })
})
