import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { schedule, systemClock } from '../../src/lib/clock.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('the clock of the system has the wall time, and one that nobody sets', () => {
  expect(systemClock.now()).toBe(1_000_000)
  const started = systemClock.monotonic()
  vi.advanceTimersByTime(1500)
  vi.setSystemTime(0)
  expect(systemClock.now()).toBe(0)
  expect(systemClock.monotonic() - started).toBe(1500)
})

test('what is scheduled happens once, after its delay', () => {
  let calls = 0
  schedule(1000, () => (calls += 1))
  vi.advanceTimersByTime(999)
  expect(calls).toBe(0)
  vi.advanceTimersByTime(10_000)
  expect(calls).toBe(1)
})

test('and not when it was called off', () => {
  let calls = 0
  const cancel = schedule(1000, () => (calls += 1))
  cancel()
  vi.advanceTimersByTime(10_000)
  expect(calls).toBe(0)
})

test('it does not keep the process alive', () => {
  const timer = { unref: vi.fn<() => void>() }
  vi.stubGlobal('setTimeout', () => timer)
  schedule(1000, () => {})
  expect(timer.unref).toHaveBeenCalledOnce()
})

test.each([7, null, {}, undefined])('where a timer is %j nothing is asked of it', (timer) => {
  vi.stubGlobal('setTimeout', () => timer)
  expect(() => schedule(1000, () => {})).not.toThrow()
})
