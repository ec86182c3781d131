// What the values of claims look like, for tokens and for proofs.

/** The last second of the year 9999. A larger number is in milliseconds, or a mistake. */
const maxNumericDate = 253_402_300_799

/**
 * Whether a value is a NumericDate (RFC 7519 section 2): seconds, with or without a fraction. JSON
 * such as `1e400` parses to `Infinity`, which the upper bound excludes.
 */
export function isNumericDate(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= maxNumericDate
}

export function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Rounds to milliseconds, for use in the reasons of refusals. */
export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
