import type { Clock } from '@resource-server/express'

/** Uses the real time for claims. The age of the keys can be advanced, so that tests do not wait. */
export class KeyAgeClock implements Clock {
  #ahead = 0

  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now() + this.#ahead
  }

  advanceKeyAge({ minutes }: { minutes: number }): void {
    this.#ahead += minutes * 60_000
  }
}
