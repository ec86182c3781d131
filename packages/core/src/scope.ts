/** RFC 6749 appendix A.4: printable ASCII without space, quote and backslash. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && scopeToken.test(value)
}

/**
 * The scopes that a claim grants, without repeats; `undefined` where its shape is malformed. A string
 * is split on SP alone (RFC 6749 section 3.3); arrays of strings are what some providers send. What
 * is no scope token, such as `write\tread`, matches nothing and is left out.
 */
export function readScopes(claim: unknown): readonly string[] | undefined {
  const parts = typeof claim === 'string' ? claim.split(' ') : claim
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined
  return [...new Set(parts.filter(isScopeToken))]
}

/** What is required and not held, in the order required. */
export function missingScopes(required: readonly string[], held: readonly string[]): string[] {
  return required.filter((scope) => !held.includes(scope))
}
