/**
 * Where the verifier reads the time. Two readings, because they answer two questions: claims are
 * judged by the wall clock, and the age of a key set by a clock that a time server cannot move.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z, like `Date.now()`. */
  now(): number
  /** Milliseconds since an arbitrary start, never going back, like `performance.now()`. */
  monotonic(): number
  /**
   * Calls back once after `delay` milliseconds, and gives a way to call that off. It is used to refresh
   * keys ahead of their age. Default: a timer that does not keep the process alive.
   */
  schedule?(delay: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** A timer that does not keep the process alive, where the runtime has such. */
export function schedule(delay: number, callback: () => void): () => void {
  const timer: unknown = setTimeout(callback, delay)
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as NodeTimer).unref()
  return () => clearTimeout(timer as never)
}

interface NodeTimer {
  unref(): unknown
}
