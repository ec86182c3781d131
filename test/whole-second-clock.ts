import type { Clock } from '@resource-server/core'

/**
 * The real time, rounded down to seconds as in proofs of clients. With milliseconds, a service would require a nonce
 * for each proof in the second in which it starts.
 */
export const wholeSecondClock: Clock = {
  now: () => Math.floor(Date.now() / 1000) * 1000,
  monotonic: () => performance.now(),
}
