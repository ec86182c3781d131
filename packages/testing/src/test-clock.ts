import type { Clock } from '@resource-server/core'
import { usageError } from './check-options.ts'

/**
 * A clock that moves only when a test moves it. A token with a lifetime of one second is still valid
 * after a slow setup. Instead of sleeping, a test calls `clock.advance(1)`.
 *
 * Pass the same clock to the code under test: `resourceServer({ issuer, clock: issuer.clock })`. Work
 * that the code schedules, such as a refresh of its keys, runs when the clock reaches its time.
 * Network timeouts still run in real time.
 */
export interface TestClock extends Clock {
  /** The wall clock, in milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** How far the test has advanced the clock, in milliseconds. `jump` does not change it. */
  monotonic(): number
  /**
   * Calls `callback` once the clock has advanced by `delay` milliseconds.
   *
   * @returns a function that cancels the call
   */
  schedule(delay: number, callback: () => void): () => void
  /**
   * Advances both clocks by `seconds` and runs the callbacks that become due, in order.
   *
   * @throws TypeError if `seconds` is negative or not finite
   */
  advance(seconds: number): void
  /**
   * Moves the wall clock by `seconds`, forward or back, as a time server does. The monotonic clock
   * does not change.
   *
   * @throws TypeError if `seconds` is not finite
   */
  jump(seconds: number): void
}

const wholeSecond = (time: number): Date => new Date(Math.floor(time / 1000) * 1000)

/**
 * Creates a clock that does not move on its own.
 *
 * @param start the initial time of the wall clock. Default: the current time, rounded down to the
 *   second, so that `advance(300)` ends exactly at the `exp` of a token that lives for 300 seconds.
 * @throws TypeError if `start` is not a valid Date
 *
 * @example
 * ```ts
 * import { createTestClock } from '@resource-server/testing'
 *
 * const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
 * clock.advance(300)
 * console.log(new Date(clock.now()).toISOString())
 * ```
 */
export function createTestClock(start: Date = wholeSecond(Date.now())): TestClock {
  if (!(start instanceof Date) || !Number.isFinite(start.getTime())) {
    throw usageError('createTestClock expects a valid Date, or no argument for the current time.')
  }
  let wallTime = start.getTime()
  let elapsed = 0
  const scheduled = new Set<Scheduled>()
  const moveTo = (time: number): void => {
    wallTime += time - elapsed
    elapsed = time
  }
  return {
    now: () => wallTime,
    monotonic: () => elapsed,
    schedule(delay, callback) {
      const entry = { at: elapsed + delay, callback }
      scheduled.add(entry)
      return () => void scheduled.delete(entry)
    },
    advance(seconds) {
      const step = milliseconds('advance', seconds)
      if (step < 0) {
        throw usageError('clock.advance only moves forward. Use clock.jump to move back.')
      }
      const end = elapsed + step
      for (let next = firstDue(scheduled, end); next; next = firstDue(scheduled, end)) {
        scheduled.delete(next)
        moveTo(Math.max(elapsed, next.at))
        next.callback()
      }
      moveTo(end)
    },
    jump(seconds) {
      wallTime += milliseconds('jump', seconds)
    },
  }
}

interface Scheduled {
  readonly at: number
  readonly callback: () => void
}

function firstDue(scheduled: ReadonlySet<Scheduled>, end: number): Scheduled | undefined {
  const due = [...scheduled].filter(({ at }) => at <= end)
  return due.toSorted((one, other) => one.at - other.at)[0]
}

function milliseconds(method: string, seconds: number): number {
  if (Number.isFinite(seconds)) return seconds * 1000
  throw usageError(`clock.${method} expects a finite number of seconds, got ${String(seconds)}.`)
}
