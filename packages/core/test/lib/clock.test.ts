import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { schedule, systemClock, within } from '../../src/lib/clock.ts'

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

describe('within', () => {
  const late = (): Error => new Error('too late')
  const never = new Promise<never>(() => {})

  test('returns the result of work that is in time, and cancels the timer', async () => {
    expect(await within(1000, Promise.resolve('done'), late)).toBe('done')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('throws what the work rejects with, and cancels the timer', async () => {
    const error = new Error('failed')
    await expect(within(1000, Promise.reject(error), late)).rejects.toBe(error)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('throws the error of `late` once the time has passed', async () => {
    let failure: unknown = 'none yet'
    const waiting = within(1000, never, late).catch((error: unknown) => (failure = error))
    await vi.advanceTimersByTimeAsync(999)
    expect(failure).toBe('none yet')
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect(failure).toEqual(late())
  })

  test('uses the timer that it is given, and cancels it', async () => {
    const cancel = vi.fn<() => void>()
    const startTimer = vi.fn<typeof schedule>(() => cancel)
    expect(await within(7, Promise.resolve(1), late, startTimer)).toBe(1)
    expect(startTimer).toHaveBeenCalledExactlyOnceWith(7, expect.any(Function))
    expect(cancel).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })
})
