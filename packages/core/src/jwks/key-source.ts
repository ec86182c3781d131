import type { VerificationKey } from '../jose/jwk.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { Refusal } from '../errors/refusal.ts'

/** How an issuer's keys are at the moment, for a health page. No secret stands in it. */
export interface KeyHealth {
  readonly issuer: string
  /**
   * `fresh`: the key set is current. `stale`: it is past its freshness and serves on, because the
   * issuer cannot be asked. `none`: there is none that may serve, so requests get 503.
   */
  readonly state: 'fresh' | 'stale' | 'none'
  /** Usable keys. */
  readonly keys: number
  /** Keys of the set that are not used, with the reasons. */
  readonly skipped: readonly string[]
  /** Seconds since the key set was asked for; absent where there is none. */
  readonly age?: number
  /** Why the last attempt failed; absent where it did not. */
  readonly lastError?: string
  /** Seconds until the next attempt; absent where none is planned. */
  readonly nextAttempt?: number
  /** Whether an attempt is under way. */
  readonly inFlight: boolean
  /** Attempts so far, and how many of them failed. */
  readonly fetches: number
  readonly failures: number
}

/** The keys of one issuer. */
export interface KeySource {
  find(header: JoseHeader): Promise<VerificationKey | Refusal> | VerificationKey | Refusal
  /**
   * Whether that very key is in the set that would serve now. A refresh keeps the object of a key
   * that did not change, so what was concluded from a key may be kept for as long as this holds.
   */
  holds(key: VerificationKey): boolean
  /**
   * Resolves once there are keys.
   *
   * @throws ConfigError where waiting does not help
   * @throws VerificationError where it may
   */
  warmUp(): Promise<void>
  /** Whether there is a set that may serve. Asking starts an attempt where there is none. */
  ready(): boolean
  health(): KeyHealth
  /**
   * Asks the issuer now, whatever is held.
   *
   * @throws ConfigError or VerificationError where that fails; what was held serves on
   */
  refreshKeys(): Promise<void>
  /** Never uses a key of this name again, whatever the issuer publishes. */
  blockKey(kid: string): void
  /** Asks the issuer no more. What is held serves until it is too old. */
  close(): void
}
