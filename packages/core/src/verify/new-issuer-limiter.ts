import type { Policy } from '../config/policy.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { seconds } from '../jwks/freshness.ts'

/** How many issuers can be added in one second. */
const perSecond = 10
/** How long a token waits for its issuer to be added. */
const maxWait = 30 * seconds

/**
 * Limits how many issuers are added, because each one causes fetches before any signature is verified. Issuers
 * are added in the order in which they arrive.
 */
export class NewIssuerLimiter {
  readonly #clock: Policy['clock']
  readonly #schedule: Policy['schedule']
  /** When the last issuers are added, in ascending order. */
  readonly #times: number[] = []

  constructor({ clock, schedule }: Policy) {
    this.#clock = clock
    this.#schedule = schedule
  }

  /** Waits until another issuer may be added. Returns a refusal if that takes too long. */
  async wait(): Promise<Refusal | undefined> {
    const now = this.#clock.monotonic()
    const next = Math.max(now, (this.#times.at(-perSecond) ?? -Infinity) + 1 * seconds)
    const delay = next - now
    if (delay > maxWait) return busy(`more than ${perSecond} new issuers per second`)
    this.#times.push(next)
    if (this.#times.length > perSecond) this.#times.shift()
    if (delay > 0) await new Promise<void>((resolve) => this.#schedule(delay, resolve))
    return undefined
  }
}

/** The keys of the token's issuer cannot be fetched now. */
export function busy(problem: string): Refusal {
  return refuse('keys_unavailable', `JWKS of a new issuer is unavailable: ${problem}`, {
    retryAfter: maxWait / seconds,
  })
}
