import type { Clock } from '@resource-server/express'

/** Real time for claims; the age of the keys can be moved on, so that nobody waits for it. */
export class MovedClock implements Clock {
  #ahead = 0

  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now() + this.#ahead
  }

  agesKeysBy({ minutes }: { minutes: number }): void {
    this.#ahead += minutes * 60_000
  }
}
