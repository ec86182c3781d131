import { createTestClock } from '@resource-server/testing'
import { expect, test, vi } from 'vitest'
import { schedule } from '../../src/lib/clock.ts'
import {
  limiterClock,
  WarningLimiter,
  warnings,
  warnUnlessOff,
} from '../../src/lib/warning-limiter.ts'

function createLimiter() {
  const clock = createTestClock()
  const printed: string[] = []
  const delays: number[] = []
  const limiter = new WarningLimiter((message) => void printed.push(message), {
    monotonic: () => clock.monotonic(),
    schedule: (delay, callback) => {
      delays.push(delay)
      return clock.schedule(delay, callback)
    },
  })
  const take = (): readonly string[] => printed.splice(0)
  const print = (count: number): readonly boolean[] =>
    Array.from({ length: count }, (_, at) => limiter.print(`warning ${at}`))
  return { clock, delays, print, take }
}

const countOf = (count: number): string =>
  `${count} more ${count === 1 ? 'warning was' : 'warnings were'} not printed in the last minute. health() shows the state of every issuer, and onDecision receives every refusal.`

test('prints ten warnings per minute, and counts the others at the end of the minute', () => {
  const { clock, print, take } = createLimiter()
  expect(print(10)).toEqual(Array(10).fill(true))
  expect(take()).toEqual(Array.from({ length: 10 }, (_, at) => `warning ${at}`))
  clock.advance(30)
  expect(print(3)).toEqual([false, false, false])
  clock.advance(29.999)
  expect(take()).toEqual([])
  clock.advance(0.001)
  expect(take()).toEqual([countOf(3)])
  expect(print(1)).toEqual([true])
  expect(take()).toEqual(['warning 0'])
})

test('prints any number of warnings that are far enough apart, without a count', () => {
  const { clock, print, take } = createLimiter()
  for (let minute = 0; minute < 5; minute += 1) {
    print(10)
    clock.advance(60)
  }
  expect(take()).toHaveLength(50)
})

test('starts one timer for each minute, with the first warning that is not printed', () => {
  const { clock, delays, print, take } = createLimiter()
  clock.advance(100)
  print(10)
  clock.advance(20)
  print(1)
  expect(delays).toEqual([40_000])
  print(2)
  clock.advance(40)
  expect(delays).toEqual([40_000])
  expect(take().slice(10)).toEqual([countOf(3)])
  print(11)
  expect(delays).toEqual([40_000, 60_000])
})

test('the limits of the process use the clock of the system', () => {
  const before = performance.now()
  expect(limiterClock.monotonic()).toBeGreaterThanOrEqual(before)
  expect(limiterClock.monotonic()).toBeLessThanOrEqual(performance.now())
  expect(limiterClock.schedule).toBe(schedule)
})

test('prints the count first if the timer is late', () => {
  const printed: string[] = []
  let now = 0
  const clock = { monotonic: () => now, schedule: () => () => {} }
  const limiter = new WarningLimiter((message) => void printed.push(message), clock)
  for (let count = 0; count < 11; count += 1) limiter.print('x')
  now = 60_000
  limiter.print('y')
  expect(printed.slice(10)).toEqual([countOf(1), 'y'])
})

test.each(['warnings', 'refusals'])("warns if the option 'log' is %s", (log) => {
  const print = vi.spyOn(warnings, 'print').mockReturnValueOnce(true).mockReturnValueOnce(false)
  expect(warnUnlessOff({ log }, 'a warning')).toBe(true)
  expect(warnUnlessOff({ log }, 'another')).toBe(false)
  expect(print.mock.calls).toEqual([['a warning'], ['another']])
  print.mockRestore()
})

test("warns of nothing if the option 'log' is off", () => {
  const print = vi.spyOn(warnings, 'print').mockReturnValue(true)
  expect(warnUnlessOff({ log: 'off' }, 'a warning')).toBe(false)
  expect(print).not.toHaveBeenCalled()
  print.mockRestore()
})
