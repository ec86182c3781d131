import { FetchError } from '../lib/fetch-json.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse, VerificationError } from '../errors/refusal.ts'
import { pauseAfter, seconds } from './freshness.ts'

interface Failure {
  readonly error: unknown
  readonly inARow: number
  readonly retryAt: number
}

/** The attempts of one issuer that failed: how long to leave it alone, and what to answer meanwhile. */
export class Backoff {
  readonly #issuer: string
  readonly #clock: Policy['clock']
  #last: Failure | undefined
  #total = 0

  constructor(issuer: string, clock: Policy['clock']) {
    this.#issuer = issuer
    this.#clock = clock
  }

  /** Since the start. */
  get total(): number {
    return this.#total
  }

  /** Whether the last attempt failed. */
  get lasts(): boolean {
    return this.#last !== undefined
  }

  /** Why the last attempt failed; `undefined` where it did not. */
  get reason(): string | undefined {
    return this.#last && messageOf(this.#last.error)
  }

  /** Milliseconds; 0 where the issuer may be asked. */
  get pauseLeft(): number {
    return this.#last ? Math.max(0, this.#last.retryAt - this.#clock.monotonic()) : 0
  }

  add(error: unknown): void {
    const inARow = (this.#last?.inARow ?? 0) + 1
    const asked = error instanceof FetchError ? error.retryAfter : undefined
    this.#last = { error, inARow, retryAt: this.#clock.monotonic() + pauseAfter(inARow, asked) }
    this.#total += 1
  }

  end(): void {
    this.#last = undefined
  }

  /** For requests: there is no verdict for now. */
  refusal(reason: string = this.reason ?? 'nothing was fetched'): Refusal {
    const code = this.#last?.error instanceof ConfigError ? 'metadata_rejected' : 'keys_unavailable'
    const retryAfter = Math.max(1, Math.ceil(this.pauseLeft / seconds))
    return refuse(code, `the keys of '${this.#issuer}' cannot be had: ${reason}`, { retryAfter })
  }

  /** For whoever starts the service, or orders a reload. */
  thrown(): Error {
    const error = this.#last?.error
    return error instanceof ConfigError ? error : new VerificationError(this.refusal())
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
