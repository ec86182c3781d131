import type { KeySet } from '../jose/jwk.ts'

/** All times in milliseconds. */
export const seconds: number = 1_000
export const minutes: number = 60 * seconds

/** How long a fetched set counts as current, unless its Cache-Control says otherwise within bounds. */
export const usualFreshness: number = 5 * minutes
const freshness = { usual: usualFreshness, min: 1 * minutes, max: 10 * minutes }
/** After a failure nothing is fetched for a while, longer with each one. */
const pause = { first: 1 * seconds, max: 30 * seconds, maxAsked: 5 * minutes }
/** The part of its freshness after which a set is refreshed, so that no request waits for it. */
const refreshAhead = { from: 0.85, to: 0.95 }

/** RFC 9111 section 5.2.2.1. */
export function freshFor(cacheControl: string | null): number {
  const maxAge = /(?:^|[\s,])max-age=(\d{1,10})(?:$|[\s,])/i.exec(cacheControl ?? '')?.[1]
  if (maxAge === undefined) return freshness.usual
  return Math.min(freshness.max, Math.max(freshness.min, Number(maxAge) * seconds))
}

/** Scattered, so that a fleet that started together does not ask together. */
export function refreshAfter(fresh: number, random: number = Math.random()): number {
  return fresh * (refreshAhead.from + (refreshAhead.to - refreshAhead.from) * random)
}

/**
 * The pause after the nth failure in a row: it doubles, and half of it is scattered. What the server
 * asks for by `Retry-After` counts, within a bound.
 */
export function pauseAfter(
  failures: number,
  retryAfter: number | undefined,
  random: number = Math.random(),
): number {
  const nominal = Math.min(pause.max, pause.first * 2 ** (failures - 1))
  const asked = Math.min(pause.maxAsked, (retryAfter ?? 0) * seconds)
  return Math.max(asked, nominal * (0.5 + 0.5 * random))
}

/** A key set that serves, or did. Times in milliseconds, by the monotonic clock. */
export interface Held {
  readonly set: KeySet
  /** When it was asked for, and not when it came: what it says is no newer than that. */
  readonly since: number
  readonly freshFor: number
  readonly refreshAfter: number
  /** From the store, and not from the issuer. */
  readonly restored?: true
}

export function ageOf({ since }: Held, now: number): number {
  return now - since
}

export function isFresh(held: Held, now: number): boolean {
  return ageOf(held, now) < held.freshFor
}

export function isRefreshDue(held: Held, now: number): boolean {
  return ageOf(held, now) >= held.refreshAfter
}

/** Current, or within the time for which an outage is bridged. */
export function mayServe(held: Held, now: number, staleFor: number): boolean {
  return ageOf(held, now) < held.freshFor + staleFor
}

/** Long past its freshness: where nobody has asked the issuer since, the process slept. */
export function isLongPast(held: Held, now: number): boolean {
  return ageOf(held, now) >= 2 * held.freshFor
}

/** An empty set revokes all keys or is a mistake at the issuer. For this long it counts as a mistake. */
const grace = 5 * minutes

/** Tells apart what an issuer means by a set without usable keys. */
export class EmptySets {
  #since: number | undefined

  /** What to make of a set that came: `usual` where it holds keys, or none were held before. */
  judge(before: KeySet | undefined, set: KeySet, now: number): 'usual' | 'mistake' | 'meant' {
    if (!before || before.keys.length === 0 || set.keys.length > 0) {
      this.#since = undefined
      return 'usual'
    }
    this.#since ??= now
    return now - this.#since < grace ? 'mistake' : 'meant'
  }
}
