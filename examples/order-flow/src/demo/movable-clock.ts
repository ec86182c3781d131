import type { Clock } from '@resource-server/express'

/** The real time, moved: so that a token that was really issued is really expired, without a wait. */
export class MovableClock implements Clock {
  #ahead = 0

  now(): number {
    return Date.now() + this.#ahead
  }

  monotonic(): number {
    return performance.now()
  }

  setAhead({ seconds }: { seconds: number }): void {
    this.#ahead = seconds * 1000
  }
}
