import type { Clock } from '@resource-server/core'
import { misuse } from './check-options.ts'

/**
 * A clock that stands still until a test moves it. So a token that lives for one second is still
 * valid after a slow setup, and "one second later" is a line in the test, not a sleep.
 *
 * Give the same clock to the code under test: `resourceServer({ issuer, clock: issuer.clock })`. Work
 * that it plans for later, such as a refresh of its keys, starts when the clock is moved that far.
 * Timeouts still run in real time.
 */
export interface TestClock extends Clock {
  /** The wall clock, in milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Milliseconds that the test has advanced so far. A jump does not show here. */
  monotonic(): number
  /** Calls back when the clock was advanced by `delay` milliseconds. */
  schedule(delay: number, callback: () => void): () => void
  /**
   * Lets time pass: both clocks move on by `seconds`, and what is due meanwhile is called, in order.
   *
   * @throws TypeError if `seconds` is negative or not finite: time does not pass backward
   */
  advance(seconds: number): void
  /**
   * Sets the wall clock on or back by `seconds`, as a time server does. The monotonic clock stays.
   *
   * @throws TypeError if `seconds` is not finite
   */
  jump(seconds: number): void
}

const wholeSecond = (time: number): Date => new Date(Math.floor(time / 1000) * 1000)

/**
 * Creates a clock that stands still.
 *
 * @param start where the wall clock starts; by default the real time, cut to the whole second, so
 *   that `advance(300)` ends exactly at the `exp` of a token that lives for 300 seconds
 * @throws TypeError if `start` is not a valid Date
 */
export function createTestClock(start: Date = wholeSecond(Date.now())): TestClock {
  if (!(start instanceof Date) || !Number.isFinite(start.getTime())) {
    throw misuse('createTestClock takes a valid Date, or nothing for the real time.')
  }
  let wall = start.getTime()
  let passed = 0
  const planned = new Set<Planned>()
  const moveTo = (time: number): void => {
    wall += time - passed
    passed = time
  }
  return {
    now: () => wall,
    monotonic: () => passed,
    schedule(delay, callback) {
      const entry = { at: passed + delay, callback }
      planned.add(entry)
      return () => void planned.delete(entry)
    },
    advance(seconds) {
      const step = milliseconds('advance', seconds)
      if (step < 0) throw misuse('clock.advance goes forward only. To set the clock back, jump().')
      const end = passed + step
      for (let next = firstDue(planned, end); next; next = firstDue(planned, end)) {
        planned.delete(next)
        moveTo(Math.max(passed, next.at))
        next.callback()
      }
      moveTo(end)
    },
    jump(seconds) {
      wall += milliseconds('jump', seconds)
    },
  }
}

interface Planned {
  readonly at: number
  readonly callback: () => void
}

function firstDue(planned: ReadonlySet<Planned>, end: number): Planned | undefined {
  const due = [...planned].filter(({ at }) => at <= end)
  return due.toSorted((one, other) => one.at - other.at)[0]
}

function milliseconds(method: string, seconds: number): number {
  if (Number.isFinite(seconds)) return seconds * 1000
  throw misuse(`clock.${method} takes a finite number of seconds, not ${String(seconds)}.`)
}
