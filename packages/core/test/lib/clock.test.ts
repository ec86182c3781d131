import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { callAt, schedule, systemClock } from '../../src/lib/clock.ts'

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

describe('callAt', () => {
  const clock = { now: () => Date.now(), schedule }

  test('calls back once, at the time', () => {
    const callback = vi.fn<() => void>()
    callAt(Date.now() + 5000, clock, callback)
    vi.advanceTimersByTime(4999)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(100_000)
    expect(callback).toHaveBeenCalledOnce()
  })

  test('calls back at once for a time in the past', () => {
    const callback = vi.fn<() => void>()
    callAt(Date.now(), clock, callback)
    expect(callback).toHaveBeenCalledOnce()
  })

  test('waits longer than one timer can', () => {
    const callback = vi.fn<() => void>()
    const days = 60 * 86_400_000
    callAt(Date.now() + days, clock, callback)
    vi.advanceTimersByTime(days - 1)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledOnce()
  })

  test('waits again if the wall clock was moved back meanwhile', () => {
    const callback = vi.fn<() => void>()
    const start = Date.now()
    callAt(start + 5000, clock, callback)
    vi.advanceTimersByTime(4000)
    vi.setSystemTime(start)
    vi.advanceTimersByTime(1000)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(4000)
    expect(callback).toHaveBeenCalledOnce()
  })

  test('does not call back after it is canceled, also during a later timer', () => {
    const callback = vi.fn<() => void>()
    const days = 60 * 86_400_000
    const cancel = callAt(Date.now() + days, clock, callback)
    vi.advanceTimersByTime(days / 2)
    cancel()
    vi.advanceTimersByTime(days)
    expect(callback).not.toHaveBeenCalled()
  })
})
