/**
 * The source of time for the verifier. It has two clocks. Claims are checked against the wall clock.
 * The age of a key set is measured with a monotonic clock, which a time server cannot move.
 *
 * @example
 * import type { Clock } from '@resource-server/core'
 *
 * // A clock for tests: time advances only when the test calls advance().
 * let elapsed = 0
 * export const clock: Clock = {
 *   now: () => Date.parse('2026-01-01T00:00:00Z') + elapsed,
 *   monotonic: () => elapsed,
 * }
 * export const advance = (seconds: number) => (elapsed += seconds * 1000)
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z, like `Date.now()`. */
  now(): number
  /** Milliseconds since an arbitrary start, never decreasing, like `performance.now()`. */
  monotonic(): number
  /**
   * Calls back once after `delay` milliseconds and returns a function that cancels the call. Used to
   * refresh keys before they become stale. Default: `setTimeout`, without keeping the process alive.
   */
  schedule?(delay: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** The default of `Clock.schedule`: a timer that does not keep the process alive, if the runtime has one. */
export function schedule(delay: number, callback: () => void): () => void {
  const timer: unknown = setTimeout(callback, delay)
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as NodeTimer).unref()
  return () => clearTimeout(timer as never)
}

/**
 * Waits for the work, but no longer than `milliseconds`.
 *
 * @param late creates the error if it takes longer
 * @param startTimer starts the timer. Default: real time
 * @throws what the work rejects with, or the error of `late`
 */
export async function within<T>(
  milliseconds: number,
  work: PromiseLike<T>,
  late: () => Error,
  startTimer: NonNullable<Clock['schedule']> = schedule,
): Promise<T> {
  let cancel = (): void => {}
  const timedOut = new Promise<never>((_, reject) => {
    cancel = startTimer(milliseconds, () => reject(late()))
  })
  try {
    return await Promise.race([work, timedOut])
  } finally {
    cancel()
  }
}

interface NodeTimer {
  unref(): unknown
}
