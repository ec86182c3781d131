import * as platform from '#platform'
import type { Policy } from '../config/policy.ts'
import type { SkippedKey } from '../jose/jwk.ts'
import { describeFailure, messageOf } from './fetch-failure.ts'
import { type Availability, outageWarnings } from './outage-warnings.ts'

const channel = platform.channel('resource-server:keys')

type KeyEventName =
  | 'fetched'
  | 'failed'
  | 'rotated'
  | 'stale'
  | 'empty'
  | 'blocked'
  | 'restored'
  | 'not-stored'

/** An event about an issuer's key set, on the `diagnostics_channel` named `resource-server:keys`. */
export interface KeyEvent {
  readonly version: 1
  /** RFC 3339, in UTC. */
  readonly time: string
  readonly issuer: string
  /**
   * - `fetched`: a key set was fetched, or the issuer responded that it is unchanged.
   * - `failed`: a fetch failed. The cached key set stays in use.
   * - `rotated`: the fetched key set has different keys.
   * - `stale`: the cached key set is no longer fresh because fetches fail. Published once per outage.
   * - `empty`: a key set without usable keys was fetched. This is an outage. `reason` says whether the
   *   previous one stays in use.
   * - `blocked`: a key was blocked with `blockKey()`.
   * - `restored`: a key set from the key store is in use.
   * - `not-stored`: the key store failed. `reason` has the name and the code of its error, but not its text.
   */
  readonly event: KeyEventName
  /** What went wrong. Absent if there was no error. */
  readonly reason?: string
  /** The number of usable keys after the event. */
  readonly keys: number
  /** The keys in the most recently read key set that are not used, and why. */
  readonly skipped: readonly SkippedKey[]
  /** How long the fetch took, in milliseconds. Only with `fetched` and `failed`. */
  readonly duration?: number
}

/** Publishes an event. Builds it only if there are subscribers. Errors of subscribers are ignored. */
export function publishKeyEvent(build: () => KeyEvent): void {
  if (!channel.hasSubscribers) return
  try {
    channel.publish(Object.freeze(build()))
  } catch {
    // A subscriber must not be able to stop a refresh.
  }
}

/** Reports the events of one issuer's key set. */
export class KeyEventReporter {
  readonly #issuer: string
  readonly #clock: Policy['clock']
  readonly #log: Policy['log']
  readonly #keys: () => Pick<KeyEvent, 'keys' | 'skipped'>
  #staleReported = false
  #isClosed = false

  /** @param keys returns the state of the keys at the time of an event */
  constructor(
    issuer: string,
    { clock, log }: Pick<Policy, 'clock' | 'log'>,
    keys: () => Pick<KeyEvent, 'keys' | 'skipped'>,
  ) {
    this.#issuer = issuer
    this.#clock = clock
    this.#log = log
    this.#keys = keys
  }

  report(event: KeyEventName, details: Pick<KeyEvent, 'reason' | 'duration'> = {}): void {
    publishKeyEvent(() => ({
      version: 1,
      time: new Date(this.#clock.now()).toISOString(),
      issuer: this.#issuer,
      event,
      ...this.#keys(),
      ...details,
    }))
  }

  reportFailed(error: unknown, duration: number): void {
    this.report('failed', { reason: messageOf(error), duration })
    if (this.#keys().keys > 0) return
    this.#warn(
      'unavailable',
      `JWKS of '${this.#issuer}' is unavailable, so its tokens cannot be verified: ${describeFailure(error)}.`,
    )
  }

  /** Reports `stale`, but only once until the next successful fetch. */
  reportStale(error: unknown): void {
    if (this.#staleReported) return
    this.#staleReported = true
    this.report('stale', { reason: messageOf(error) })
    this.#warn(
      'stale',
      `JWKS of '${this.#issuer}' cannot be refreshed. The last keys stay in use for the time set by staleIfError: ` +
        `${describeFailure(error)}.`,
    )
  }

  reportFetched(duration: number): void {
    this.#staleReported = false
    this.report('fetched', { duration })
    this.#warn('available', `JWKS of '${this.#issuer}' is available again.`)
  }

  /** Stops the warnings: a fetch that `close()` aborts is not an outage. */
  close(): void {
    this.#isClosed = true
  }

  #warn(state: Availability, message: string): void {
    if (this.#log !== 'off' && !this.#isClosed) outageWarnings.update(this.#issuer, state, message)
  }
}
