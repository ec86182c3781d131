import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { schedule, systemClock } from '../../src/lib/clock.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('systemClock has a wall clock, and a monotonic clock that ignores changes of the system time', () => {
  expect(systemClock.now()).toBe(1_000_000)
  const started = systemClock.monotonic()
  vi.advanceTimersByTime(1500)
  vi.setSystemTime(0)
  expect(systemClock.now()).toBe(0)
  expect(systemClock.monotonic() - started).toBe(1500)
})

test('schedule calls back once, after the delay', () => {
  let calls = 0
  schedule(1000, () => (calls += 1))
  vi.advanceTimersByTime(999)
  expect(calls).toBe(0)
  vi.advanceTimersByTime(10_000)
  expect(calls).toBe(1)
})

test('schedule does not call back after it is canceled', () => {
  let calls = 0
  const cancel = schedule(1000, () => (calls += 1))
  cancel()
  vi.advanceTimersByTime(10_000)
  expect(calls).toBe(0)
})

test('schedule does not keep the process alive', () => {
  const timer = { unref: vi.fn<() => void>() }
  vi.stubGlobal('setTimeout', () => timer)
  schedule(1000, () => {})
  expect(timer.unref).toHaveBeenCalledOnce()
})

test.each([7, null, {}, undefined])(
  'schedule does not call unref on a timer that is %j',
  (timer) => {
    vi.stubGlobal('setTimeout', () => timer)
    expect(() => schedule(1000, () => {})).not.toThrow()
  },
)
