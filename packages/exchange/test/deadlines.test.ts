import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadlines } from '../src/deadlines.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('each deadline ends after its own time, and at most a tenth later', () => {
  const deadlines = new Deadlines(1000)
  const first = deadlines.start()
  vi.advanceTimersByTime(500)
  const second = deadlines.start()
  vi.advanceTimersByTime(499)
  expect([first, second].map(({ controller }) => controller.signal.aborted)).toEqual([false, false])
  vi.advanceTimersByTime(101)
  expect([first, second].map(({ controller }) => controller.signal.aborted)).toEqual([true, false])
  expect(first.controller.signal.reason).toMatchObject({
    name: 'TimeoutError',
    message: 'no response within 1000 ms',
  })
  vi.advanceTimersByTime(500)
  expect(second.controller.signal.aborted).toBe(true)
})

test('a deadline that was ended is not aborted, and no timer is left', () => {
  const deadlines = new Deadlines(1000)
  const entry = deadlines.start()
  deadlines.end(entry)
  vi.advanceTimersByTime(2000)
  expect(entry.controller.signal.aborted).toBe(false)
  expect(vi.getTimerCount()).toBe(0)
  const later = deadlines.start()
  vi.advanceTimersByTime(1100)
  expect(later.controller.signal.aborted).toBe(true)
})
