/** A reason in parts, for display. */
export interface Reason {
  readonly seen: string
  readonly expected?: string
  /** What the operator may have misconfigured. */
  readonly advice?: string
}

/** The forms of sentences that say what was expected. */
const forms: readonly RegExp[] = [
  /^the token lacks (?<expected>.+?); (?<seen>.+)$/s,
  /^(?<seen>.+?), expected (?<expected>.+)$/s,
  /^(?<seen>.+?); (?<expected>(?:clockTolerance|maxLifetime|maxTokenBytes|maxAge) is .+)$/s,
  /^(?<seen>.+?), and (?<expected>the profile .+)$/s,
  /^(?<seen>.+?), but (?<expected>only .+|this route .+)$/s,
]

/**
 * Splits a reason for display. A value of the token could contain the same words, which would only move the border
 * between the parts.
 */
export function splitReason(reason: string): Reason {
  const [, sentence = reason, advice] = /^(.*?[^.])\. (?=[A-Z'"])(.+)$/s.exec(reason) ?? []
  const found = forms.map((form) => form.exec(sentence)?.groups).find((groups) => groups)
  const { seen = sentence, expected } = found ?? {}
  return {
    seen,
    ...(expected !== undefined && { expected }),
    ...(advice !== undefined && { advice }),
  }
}
