import type { KeySet } from '../jose/key-set.ts'

// All times are in milliseconds. `now` and `requestedAt` are readings of the monotonic clock.

export const seconds: number = 1_000
export const minutes: number = 60 * seconds

/** How long a key set is fresh. `Cache-Control` can change the default within the limits. */
const lifetimes = { default: 5 * minutes, min: 1 * minutes, max: 10 * minutes }
export const defaultLifetime: number = lifetimes.default
/** The delay before a retry doubles with each failure, up to `max`. `Retry-After` can ask for more. */
const retry = { first: 1 * seconds, max: 30 * seconds, maxRetryAfter: 5 * minutes }
/** The fraction of the freshness lifetime after which a key set is refreshed in the background. */
const refreshFraction = { from: 0.85, to: 0.95 }

/** Reads `max-age` (RFC 9111 section 5.2.2.1). */
export function freshnessLifetime(cacheControl: string | null): number {
  const maxAge = /(?:^|[\s,])max-age=(\d{1,10})(?:$|[\s,])/i.exec(cacheControl ?? '')?.[1]
  if (maxAge === undefined) return lifetimes.default
  return Math.min(lifetimes.max, Math.max(lifetimes.min, Number(maxAge) * seconds))
}

/** The age at which to refresh. Random, so that instances started together do not fetch together. */
export function refreshAge(lifetime: number, random: number = Math.random()): number {
  return lifetime * (refreshFraction.from + (refreshFraction.to - refreshFraction.from) * random)
}

/**
 * The delay before the next fetch after consecutive failures: exponential, half of it random.
 *
 * @param retryAfter the server's `Retry-After`, in seconds; a minimum for the delay, up to 5 minutes
 */
export function retryDelay(
  failures: number,
  retryAfter: number | undefined,
  random: number = Math.random(),
): number {
  const nominal = Math.min(retry.max, retry.first * 2 ** (failures - 1))
  const requested = Math.min(retry.maxRetryAfter, (retryAfter ?? 0) * seconds)
  return Math.max(requested, nominal * (0.5 + 0.5 * random))
}

/** A key set in memory. */
export interface CachedKeySet {
  readonly set: KeySet
  /** When the key set was requested. Its content is at least as old as that. */
  readonly requestedAt: number
  /** How long it is fresh. */
  readonly lifetime: number
  /** The age at which to refresh it. */
  readonly refreshAge: number
  /** Present if the key set is from the key store, not from the issuer. */
  readonly restored?: true
}

export function ageOf({ requestedAt }: CachedKeySet, now: number): number {
  return now - requestedAt
}

export function isFresh(cached: CachedKeySet, now: number): boolean {
  return ageOf(cached, now) < cached.lifetime
}

export function isRefreshDue(cached: CachedKeySet, now: number): boolean {
  return ageOf(cached, now) >= cached.refreshAge
}

/** Whether the key set is fresh, or stale for no longer than `staleIfError`. */
export function isUsable(cached: CachedKeySet, now: number, staleIfError: number): boolean {
  return ageOf(cached, now) < cached.lifetime + staleIfError
}

/**
 * Whether the key set is at least two freshness lifetimes old. If there was no fetch in that time, the
 * process was suspended.
 */
export function isOverdue(cached: CachedKeySet, now: number): boolean {
  return ageOf(cached, now) >= 2 * cached.lifetime
}

/**
 * Whether so much time passed during a fetch that its response is too old. The process was suspended, or
 * a test advanced its clock.
 */
export function isOutdated(
  cached: CachedKeySet | undefined,
  requestedAt: number,
  now: number,
): boolean {
  return now - requestedAt >= (cached?.lifetime ?? lifetimes.default)
}

/** How long an empty key set counts as a mistake of the issuer. */
const gracePeriod = 5 * minutes

/**
 * Decides how long a key set stays in use after the issuer published one without usable keys. The issuer
 * has either revoked all keys or made a mistake. During the grace period it counts as a mistake.
 */
export class EmptySetGracePeriod {
  #since: number | undefined

  /** Records an empty key set. Returns whether the previous key set stays in use. */
  isActive(now: number): boolean {
    this.#since ??= now
    return now - this.#since < gracePeriod
  }

  /** Records a key set with usable keys. */
  reset(): void {
    this.#since = undefined
  }
}
