import type { TestClock } from '@resource-server/testing'

/** The system clock, for an issuer that runs for hours. The test clock stands still. */
export const realClock: TestClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delay, callback) {
    const timer = setTimeout(callback, delay)
    return () => clearTimeout(timer)
  },
  advance: stays,
  jump: stays,
}

function stays(): never {
  throw new Error('The system clock cannot be moved.')
}
