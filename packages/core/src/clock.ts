/**
 * Where the verifier reads the time. Two readings, because they answer two questions: claims are
 * judged by the wall clock, and the age of a key set by a clock that a time server cannot move.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z, like `Date.now()`. */
  now(): number
  /** Milliseconds since an arbitrary start, never going back, like `performance.now()`. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
