import { minutes, seconds } from './freshness.ts'

/** Without keys, requests fail: a retry soon may end that. */
const withoutKeys = { first: 1 * seconds, factor: 2, max: 30 * seconds }
/** While keys can be used, retries are rare, so that a fleet does not keep its server overloaded. */
const withKeys = { first: 5 * seconds, factor: 5, max: 4 * minutes }
/** The longest `Retry-After` that is respected. */
const maxRequested = 60 * minutes
/** After a `Retry-After`, instances that failed together are spread over a period of this length. */
const spread = { min: 30 * seconds, minWithKeys: 60 * seconds, max: 120 * seconds }

/** What a delay depends on. Times are in milliseconds. */
export interface RetryConditions {
  /** The number of consecutive failures. */
  readonly failures: number
  /** How long the cached key set can still be used. 0 if there is none. */
  readonly usableFor: number
  /** The server's `Retry-After`. The delay is not shorter, up to one hour. */
  readonly requested: number | undefined
}

/**
 * The delay before the next fetch. Grows exponentially with consecutive failures, and half of it is random.
 * `Retry-After` is a minimum to which a random delay is added.
 *
 * @returns milliseconds
 */
export function retryDelay(
  { failures, usableFor, requested }: RetryConditions,
  random: number = Math.random(),
): number {
  const delay = backoffDelay(failures, usableFor, random)
  if (requested === undefined) return delay
  const min = Math.min(maxRequested, requested)
  return Math.max(delay, min + random * spreadAfter(min, usableFor > 0))
}

/** When the cached key set expires, requests start to fail, so the delay without keys counts. */
function backoffDelay(failures: number, usableFor: number, random: number): number {
  const nominal = ({ first, factor, max }: typeof withKeys): number =>
    Math.min(max, first * factor ** (failures - 1)) * (0.5 + 0.5 * random)
  const missing = nominal(withoutKeys)
  return Math.min(nominal(withKeys), Math.max(usableFor, missing))
}

function spreadAfter(requested: number, hasKeys: boolean): number {
  const min = hasKeys ? spread.minWithKeys : spread.min
  return Math.min(spread.max, Math.max(min, requested))
}
