import type { SkippedKey, VerificationKey } from '../jose/jwk.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { Refusal } from '../errors/refusal.ts'

/** The current state of an issuer's keys, for a health endpoint. Contains no secrets. */
export interface KeyHealth {
  readonly issuer: string
  /**
   * - `fresh`: the key set is up to date.
   * - `stale`: the key set could not be refreshed in time and stays in use.
   * - `none`: there is no usable key set, so requests get 503.
   */
  readonly state: 'fresh' | 'stale' | 'none'
  /** The number of usable keys. A key that is published twice counts once. */
  readonly keys: number
  /** The keys in the most recently read key set that are not used, and why. */
  readonly skipped: readonly SkippedKey[]
  /** Seconds since the key set was requested. Absent if there is none. */
  readonly age?: number
  /** The reason why the last fetch failed. Absent if it succeeded. */
  readonly lastError?: string
  /** What the operator can do about it. Absent if it can only be fixed at the authorization server. */
  readonly advice?: string
  /** Seconds until the next fetch. Absent if none is scheduled. */
  readonly nextAttempt?: number
  /** Whether a fetch is in flight. */
  readonly inFlight: boolean
  /**
   * Seconds by which this process's clock is ahead of the server's, or behind it if negative, according to the
   * `Date` of the last key set. Precise to about a second. Absent if unknown.
   */
  readonly clockSkew?: number
  /** The number of fetches since startup. */
  readonly fetches: number
  /** The number of failed fetches since startup. */
  readonly failures: number
}

/** The keys of one issuer. */
export interface KeySource {
  /** Finds the key for a token. Returns a promise only if it has to wait for the keys. */
  find(header: JoseHeader): Promise<VerificationKey | Refusal> | VerificationKey | Refusal
  /**
   * Whether this key object is in the current key set. A refresh keeps the object of an unchanged key,
   * so a cached result for a key is valid as long as this returns true.
   */
  holds(key: VerificationKey): boolean
  /**
   * Resolves when the keys are available.
   *
   * @throws ConfigError if the configuration or the metadata is wrong, in which case a retry does not help
   * @throws VerificationError if a retry may help
   */
  warmUp(): Promise<void>
  /** Whether there is a usable key set. If not, starts a fetch. */
  ready(): boolean
  health(): KeyHealth
  /**
   * Fetches the key set now, even if the cached one is fresh.
   *
   * @throws ConfigError or VerificationError if that fails; the cached key set stays in use
   */
  refreshKeys(): Promise<void>
  /** Never uses a key with this `kid` again, even if the issuer publishes it. */
  blockKey(kid: string): void
  /** Stops background fetches until a token needs the keys again. */
  pause(): void
  /** Stops all fetches. The cached key set stays in use until it expires. */
  close(): void
}
