import {
  type LimiterClock,
  limiterClock,
  type WarningLimiter,
  warnings,
} from '../lib/warning-limiter.ts'

/** How an issuer's key set is: up to date, in use although it cannot be refreshed, or not usable. */
export type Availability = 'available' | 'stale' | 'unavailable'

interface Entry {
  printed: Availability
  printedAt: number
  current: Availability
  message: string
  isScheduled: boolean
}

/** An issuer is reported at most once in this time, in milliseconds. */
const interval = 60_000
/** Callers can choose issuers if there is a `resolveIssuer`. */
const maxIssuers = 1000

/**
 * Tells the operator when an issuer's keys become unavailable and when they are back: at most once per minute for
 * each issuer. If the state changes within that minute, the latest one is printed at its end.
 */
export class OutageWarnings {
  readonly #warnings: Pick<WarningLimiter, 'print'>
  readonly #clock: LimiterClock
  readonly #entries = new Map<string, Entry>()

  constructor(limiter: Pick<WarningLimiter, 'print'>, clock: LimiterClock) {
    this.#warnings = limiter
    this.#clock = clock
  }

  /** Call it with every state, even if it is the same as before. */
  update(issuer: string, state: Availability, message: string): void {
    const entry = this.#entryOf(issuer, state)
    if (!entry) return
    entry.current = state
    entry.message = message
    const wait = entry.printedAt + interval - this.#clock.monotonic()
    if (wait <= 0) return this.#print(issuer, entry)
    if (entry.isScheduled || state === entry.printed) return
    entry.isScheduled = true
    this.#clock.schedule(wait, () => {
      entry.isScheduled = false
      this.#print(issuer, entry)
    })
  }

  #entryOf(issuer: string, state: Availability): Entry | undefined {
    const known = this.#entries.get(issuer)
    if (known || state === 'available') return known
    if (this.#entries.size >= maxIssuers) this.#entries.delete(this.#entries.keys().next().value!)
    const entry: Entry = {
      printed: 'available',
      printedAt: -Infinity,
      current: state,
      message: '',
      isScheduled: false,
    }
    this.#entries.set(issuer, entry)
    return entry
  }

  /** Prints nothing if the operator already knows the state. */
  #print(issuer: string, entry: Entry): void {
    if (entry.current !== entry.printed) {
      // Also if the limit for the process is reached: the issuer is counted once per minute.
      entry.printedAt = this.#clock.monotonic()
      if (this.#warnings.print(entry.message)) entry.printed = entry.current
    } else if (entry.current === 'available') this.#entries.delete(issuer)
  }
}

/** For all verifiers of this process: two of them can have the same issuer. */
export const outageWarnings: OutageWarnings = new OutageWarnings(warnings, limiterClock)
