import type { KeySet } from '../jose/key-set.ts'

// All times are in milliseconds. `now` and `requestedAt` are readings of the monotonic clock.

export const seconds: number = 1_000
export const minutes: number = 60 * seconds

/** How long a key set is fresh. `Cache-Control` can change the default within the limits. */
const lifetimes = { default: 5 * minutes, min: 1 * minutes }
/** The fraction of the freshness lifetime after which a key set is refreshed in the background. */
const refreshFraction = { first: 0.5, from: 0.85, to: 0.95 }

/**
 * Reads `max-age` (RFC 9111 section 5.2.2.1). Many servers forbid caching for all their responses, which does not
 * mean that their keys change often. So `no-store`, `no-cache`, and a short `max-age` mean the default.
 *
 * @param max the maximum, in milliseconds
 */
export function freshnessLifetime(cacheControl: string | null, max: number): number {
  const header = cacheControl ?? ''
  const maxAge =
    Number(/(?:^|[\s,])max-age=(\d{1,10})(?:$|[\s,])/i.exec(header)?.[1] ?? 0) * seconds
  const forbidsCaching = /(?:^|[\s,])no-(?:store|cache)(?:$|[\s,])/i.test(header)
  return forbidsCaching || maxAge < lifetimes.min ? lifetimes.default : Math.min(max, maxAge)
}

/**
 * The age at which to refresh. Random, so that instances started together do not fetch together. The
 * first refresh of a process has a wider range, because a deployment starts all instances at once.
 */
export function refreshAge(
  lifetime: number,
  isFirst: boolean,
  random: number = Math.random(),
): number {
  const from = isFirst ? refreshFraction.first : refreshFraction.from
  return lifetime * (from + (refreshFraction.to - from) * random)
}

/**
 * The age at which a process refreshes a key set that another process stored. Earlier ages are exponentially
 * rarer, so that, of any number of processes, about one refreshes the key set for all.
 */
export function sharedRefreshAge(lifetime: number, random: number = Math.random()): number {
  const early = -0.02 * Math.log(1 - random)
  return lifetime * Math.max(refreshFraction.first, refreshFraction.to - early)
}

/** The freshness of a stored key set, within the limits of this process. */
export function storedLifetime(stored: number | undefined, max: number): number {
  return Math.min(max, Math.max(lifetimes.min, stored ?? lifetimes.default))
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
  readonly restored?: { readonly age: number }
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
  // A key set from the key store can be that old without a suspension.
  const ageBefore = cached.restored?.age ?? 0
  return ageOf(cached, now) >= ageBefore + 2 * cached.lifetime
}

/** Whether no token has needed the key set for two freshness lifetimes, in which case it is not refreshed. */
export function isUnused(cached: CachedKeySet | undefined, usedAt: number, now: number): boolean {
  return now - usedAt >= 2 * (cached?.lifetime ?? lifetimes.default)
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

  /** Milliseconds until the grace period ends. `Infinity` if the last key set had usable keys. */
  timeLeft(now: number): number {
    return this.#since === undefined ? Infinity : Math.max(0, this.#since + gracePeriod - now)
  }

  /** Records a key set with usable keys. */
  reset(): void {
    this.#since = undefined
  }
}
