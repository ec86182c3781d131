import { FetchError } from '../lib/fetch-json.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse, VerificationError } from '../errors/refusal.ts'
import { adviceOf, messageOf } from './fetch-failure.ts'
import { seconds } from './freshness.ts'
import { retryDelay } from './retry-delay.ts'

interface Failure {
  readonly error: unknown
  /** The number of consecutive failures, including this one. */
  readonly consecutive: number
  readonly retryAt: number
  /** When a token with an unknown `kid` may cause a fetch. Its key is missing, so the delay is shorter. */
  readonly lookUpAt: number
}

/**
 * Counts the failed fetches of one issuer's key set. Determines when to retry, and how to answer until
 * then.
 */
export class Backoff {
  readonly #issuer: string
  readonly #clock: Policy['clock']
  #last: Failure | undefined
  #failures = 0

  constructor(issuer: string, clock: Policy['clock']) {
    this.#issuer = issuer
    this.#clock = clock
  }

  /** The number of failures since startup. */
  get failures(): number {
    return this.#failures
  }

  /** Whether the last fetch failed. */
  get isFailing(): boolean {
    return this.#last !== undefined
  }

  /** The reason why the last fetch failed. `undefined` if it succeeded. */
  get lastError(): string | undefined {
    return this.#last && messageOf(this.#last.error)
  }

  /** What the last fetch threw. `undefined` if it succeeded. */
  get lastThrown(): unknown {
    return this.#last?.error
  }

  /** Milliseconds until the next fetch is allowed. */
  get delayLeft(): number {
    return this.#last ? Math.max(0, this.#last.retryAt - this.#clock.monotonic()) : 0
  }

  /** Whether a token with an unknown `kid` may cause a fetch. */
  get mayLookUp(): boolean {
    return !this.#last || this.#clock.monotonic() >= this.#last.lookUpAt
  }

  /** @param usableFor milliseconds for which the cached key set can still be used */
  recordFailure(error: unknown, usableFor: number): void {
    const consecutive = (this.#last?.consecutive ?? 0) + 1
    const retryAfter = error instanceof FetchError ? error.retryAfter : undefined
    const requested = retryAfter === undefined ? undefined : retryAfter * seconds
    const now = this.#clock.monotonic()
    const retryAt = now + retryDelay({ failures: consecutive, usableFor, requested })
    const lookUpAt = now + retryDelay({ failures: consecutive, usableFor: 0, requested })
    this.#last = { error, consecutive, retryAt, lookUpAt }
    this.#failures += 1
  }

  recordSuccess(): void {
    this.#last = undefined
  }

  /**
   * The answer to a request. It includes the last error, if there is one.
   *
   * @param delay milliseconds until a retry may help, if that is later than the next fetch
   */
  refusal(problem: string, delay = 0): Refusal {
    const code = this.#last?.error instanceof ConfigError ? 'metadata_rejected' : 'keys_unavailable'
    const cause = this.#last ? describeCause(this.#last.error) : ''
    const retryAfter = Math.max(1, Math.ceil(Math.max(delay, this.delayLeft) / seconds))
    return refuse(code, `JWKS of '${this.#issuer}' is unavailable: ${problem}${cause}`, {
      retryAfter,
    })
  }

  /** The error for `warmUp()` and `refreshKeys()`. A `ConfigError` is passed on unchanged. */
  toError(problem: string): Error {
    const error = this.#last?.error
    return error instanceof ConfigError ? error : new VerificationError(this.refusal(problem))
  }
}

function describeCause(error: unknown): string {
  const advice = adviceOf(error)
  return ` (${messageOf(error)})${advice === undefined ? '' : `. ${advice}`}`
}
