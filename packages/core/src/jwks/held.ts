import type { KeySet } from '../jose/jwk.ts'

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
