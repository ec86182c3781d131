import * as platform from '#platform'
import { type Clock, schedule, systemClock } from './clock.ts'

const window = 60_000
const maxPerWindow = 10

/** The time, and timers that do not keep the process alive. */
export interface LimiterClock {
  readonly monotonic: Clock['monotonic']
  readonly schedule: NonNullable<Clock['schedule']>
}

/**
 * Prints warnings for the operator: at most ten per minute, because callers can cause some of them. The others
 * are counted, and the count is printed at the end of the minute.
 */
export class WarningLimiter {
  readonly #write: (message: string) => void
  readonly #clock: LimiterClock
  #windowStart = -Infinity
  #printed = 0
  #suppressed = 0

  constructor(write: (message: string) => void, clock: LimiterClock) {
    this.#write = write
    this.#clock = clock
  }

  /** Returns whether the message was printed. */
  print(message: string): boolean {
    const now = this.#clock.monotonic()
    if (now - this.#windowStart >= window) this.#startWindow(now)
    if (this.#printed < maxPerWindow) {
      this.#printed += 1
      this.#write(message)
      return true
    }
    if (this.#suppressed === 0) {
      this.#clock.schedule(window - (now - this.#windowStart), () => this.#printCount())
    }
    this.#suppressed += 1
    return false
  }

  #startWindow(now: number): void {
    this.#printCount()
    this.#windowStart = now
    this.#printed = 0
  }

  #printCount(): void {
    if (this.#suppressed === 0) return
    const count = this.#suppressed
    this.#suppressed = 0
    this.#write(
      `${count} more ${count === 1 ? 'warning was' : 'warnings were'} not printed in the last minute. ` +
        'health() shows the state of every issuer, and onDecision receives every refusal.',
    )
  }
}

/** The clock of the system: the limits are for the whole process, which may have several verifiers. */
export const limiterClock: LimiterClock = { monotonic: () => systemClock.monotonic(), schedule }

/** All warnings of this process that callers or issuers can cause. */
export const warnings: WarningLimiter = new WarningLimiter(platform.warn, limiterClock)

/** Prints a warning unless the option `log` is `off`. Returns whether it was printed. */
export function warnUnlessOff({ log }: { readonly log: string }, message: string): boolean {
  return log !== 'off' && warnings.print(message)
}
