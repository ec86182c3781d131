import type { Clock } from '@resource-server/core'
import { retryDelay } from '@resource-server/core/client'
import type { Failure } from './hop-error.ts'

interface Block {
  readonly failure: Failure
  readonly until: number
}

/** How long an error that every token gets is remembered, in milliseconds. */
const misconfiguredFor = 5_000

/**
 * Limits the requests to an authorization server that fails. The first failure delays nothing. After further
 * failures, requests wait as long as those for key sets do, and `Retry-After` is respected. Then one request at a
 * time tests whether the server is back.
 */
export class Backoff {
  readonly #clock: Clock
  readonly #random: () => number
  #block: Block | undefined
  #failures = 0
  #probe: Promise<unknown> | undefined

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock
    this.#random = random
  }

  /** The number of failures in a row. */
  get failures(): number {
    return this.#failures
  }

  /** The last failure that affected every token, until a request succeeds. */
  get failing(): Failure | undefined {
    return this.#block?.failure
  }

  /** The failure that requests get at the moment, with the remaining delay. */
  get blocked(): Failure | undefined {
    if (!this.#block) return undefined
    const left = this.#block.until - this.#clock.monotonic()
    return left > 0 ? { ...this.#block.failure, retryAfter: left / 1000 } : undefined
  }

  /** Runs the work, unless requests are blocked. While the server fails, one at a time. */
  async run<T>(work: () => Promise<T>): Promise<T | Failure> {
    while (this.#failures > 0 && this.#probe) await this.#probe.catch(() => undefined)
    const { blocked } = this
    if (blocked) return blocked
    const running = work()
    if (this.#failures > 0) {
      this.#probe = running
      void running.catch(() => undefined).finally(() => (this.#probe = undefined))
    }
    return running
  }

  /** @param failuresBefore `failures` when the request was sent: requests that fail together count once */
  recordOutage(failure: Failure, failuresBefore: number): void {
    this.#failures = Math.max(this.#failures, failuresBefore + 1)
    const requested = failure.retryAfter
    const isFirst = this.#failures === 1 && requested === undefined
    const delay = isFirst ? 0 : this.#delay(requested)
    this.#block = { failure, until: this.#clock.monotonic() + delay }
  }

  /** An error that depends on the client or on the configuration. */
  recordMisconfiguration(failure: Failure): void {
    this.#block = { failure, until: this.#clock.monotonic() + misconfiguredFor }
  }

  recordSuccess(): void {
    this.#block = undefined
    this.#failures = 0
  }

  #delay(retryAfter: number | undefined): number {
    const requested = retryAfter === undefined ? 0 : Math.min(600, Math.max(1, retryAfter)) * 1000
    const failures = Math.max(1, this.#failures - 1)
    const conditions = { failures, usableFor: 0, requested: undefined }
    return Math.max(requested, retryDelay(conditions, this.#random()))
  }
}
