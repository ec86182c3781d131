import * as platform from '#platform'
import type { Policy } from '../config/policy.ts'
import { emptyKeySet, type KeySet } from '../jose/jwk.ts'

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
   * - `empty`: a key set without usable keys was fetched. `reason` says whether the previous one stays
   *   in use.
   * - `blocked`: a key was blocked with `blockKey()`.
   * - `restored`: after the process started, a key set from the key store is in use.
   * - `not-stored`: the key store failed.
   */
  readonly event: KeyEventName
  /** What went wrong. Absent if there was no error. */
  readonly reason?: string
  /** The number of usable keys after the event. */
  readonly keys: number
  /** Why keys are not used, one reason per key, such as `contains private key members`. */
  readonly skipped: readonly string[]
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
  readonly #usableSet: () => KeySet | undefined
  #staleReported = false

  /** @param usableSet returns the key set that is in use at the time of an event */
  constructor(issuer: string, clock: Policy['clock'], usableSet: () => KeySet | undefined) {
    this.#issuer = issuer
    this.#clock = clock
    this.#usableSet = usableSet
  }

  report(event: KeyEventName, details: Pick<KeyEvent, 'reason' | 'duration'> = {}): void {
    publishKeyEvent(() => {
      const { keys, skipped } = this.#usableSet() ?? emptyKeySet
      return {
        version: 1,
        time: new Date(this.#clock.now()).toISOString(),
        issuer: this.#issuer,
        event,
        keys: keys.length,
        skipped,
        ...details,
      }
    })
  }

  /** Reports `stale`, but only once until the next successful fetch. */
  reportStale(reason: string): void {
    if (this.#staleReported) return
    this.#staleReported = true
    this.report('stale', { reason })
  }

  reportFetched(duration: number): void {
    this.#staleReported = false
    this.report('fetched', { duration })
  }
}
