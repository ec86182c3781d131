/** RFC 6749 appendix A.4: printable ASCII except space, double quote and backslash. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && scopeToken.test(value)
}

/**
 * Returns the scopes in a claim without duplicates, or `undefined` if the claim has the wrong type. A
 * string is split at spaces only (RFC 6749 section 3.3). A list of strings is also accepted, because some
 * providers send one. Parts that are not valid scopes, such as `write\tread`, are dropped.
 */
export function readScopes(claim: unknown): readonly string[] | undefined {
  if (!isScopeClaim(claim)) return undefined
  const scopes: string[] = []
  for (const part of typeof claim === 'string' ? claim.split(' ') : claim) {
    if (isScopeToken(part) && !scopes.includes(part)) scopes.push(part)
  }
  return scopes
}

export function isScopeClaim(claim: unknown): claim is string | readonly string[] {
  if (typeof claim === 'string') return true
  return Array.isArray(claim) && claim.every((part) => typeof part === 'string')
}

/** The scopes that one scope implies: by name, and by prefix. */
export interface Implication {
  readonly scope: string
  readonly scopes: readonly string[]
  readonly prefixes: readonly string[]
}

/** A separator must precede `*`, so that `orders:*` does not imply `orders2:read`. */
const prefixPattern = /.[:./]\*$/

/**
 * Reads one entry of `impliedScopes`. A name that ends in `*` implies all scopes with that prefix. Returns
 * `undefined` if a name is not a valid scope, or is a bare `*`, which would imply every scope.
 */
export function implication(scope: string, implies: readonly unknown[]): Implication | undefined {
  const isPattern = (name: unknown): boolean => String(name).endsWith('*')
  const patterns = implies.filter(isPattern)
  const valid = patterns.every((name) => prefixPattern.test(String(name)))
  if (!valid || implies.length === 0 || ![scope, ...implies].every(isScopeToken)) return undefined
  return {
    scope,
    scopes: implies.filter((name) => !isPattern(name)) as string[],
    prefixes: patterns.map((name) => String(name).slice(0, -1)),
  }
}

/**
 * Whether the scopes of a token include a scope, directly or through implications, which may be chained. A
 * scope `orders:*` in a token is an ordinary name: only an implication treats it as a pattern.
 */
export function grants(
  held: readonly string[],
  scope: string,
  implications: readonly Implication[],
): boolean {
  if (held.includes(scope)) return true
  const scopes = new Set(held)
  const prefixes = new Set<string>()
  const has = (name: string): boolean =>
    scopes.has(name) || [...prefixes].some((start) => name.startsWith(start))
  let before: number
  do {
    before = scopes.size + prefixes.size
    for (const rule of implications.filter((one) => has(one.scope))) {
      for (const name of rule.scopes) scopes.add(name)
      for (const start of rule.prefixes) prefixes.add(start)
    }
  } while (scopes.size + prefixes.size > before)
  return has(scope)
}
