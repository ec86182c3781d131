import type { Clock } from '@resource-server/express'

/** The system clock plus an offset. It makes a real token expire without waiting. */
export class MovableClock implements Clock {
  #offset = 0

  now(): number {
    return Date.now() + this.#offset
  }

  monotonic(): number {
    return performance.now()
  }

  setOffset({ seconds }: { seconds: number }): void {
    this.#offset = seconds * 1000
  }
}
