/** A reason in parts, for display. */
export interface Reason {
  readonly seen: string
  readonly expected?: string
  readonly advice?: string
}

/**
 * Splits a reason for display. Most have the form "seen, expected this. Advice". A value of the token could contain the
 * same words, which would only move the border between the lines.
 */
export function splitReason(reason: string): Reason {
  const [, sentence = reason, advice] = /^(.*?[^.])\. (?=[A-Z'"])(.+)$/s.exec(reason) ?? []
  const [, seen = sentence, expected] =
    /^(.*?)(?:, expected |; |, and the |, but )(.+)$/s.exec(sentence) ?? []
  return {
    seen,
    ...(expected !== undefined && { expected }),
    ...(advice !== undefined && { advice }),
  }
}
