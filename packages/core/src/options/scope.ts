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

/** One scope that stands for others: by name, and by how their names begin. */
export interface Implication {
  readonly scope: string
  readonly scopes: readonly string[]
  readonly prefixes: readonly string[]
}

/** So that `orders:*` does not reach `orders2:read`, something must separate what stands before `*`. */
const prefix = /.[:./]\*$/

/**
 * `scope` implies each of these; one that ends in `*` stands for all scopes that begin so. `undefined`
 * where something is no scope, or is a bare `*`, which would imply scopes that nobody thought of.
 */
export function implication(scope: string, implies: readonly unknown[]): Implication | undefined {
  const [wild, plain] = [true, false].map((ends) =>
    implies.filter((name) => String(name).endsWith('*') === ends),
  )
  const valid = wild!.every((name) => prefix.test(String(name)))
  if (!valid || implies.length === 0 || ![scope, ...implies].every(isScopeToken)) return undefined
  return {
    scope,
    scopes: plain as string[],
    prefixes: wild!.map((name) => String(name).slice(0, -1)),
  }
}

/**
 * Whether one who holds these scopes has another one, by name or by what they imply, at first or
 * second hand. A held `orders:*` is a name like any other: only an implication gives it a meaning.
 */
export function grants(
  held: readonly string[],
  scope: string,
  implications: readonly Implication[],
): boolean {
  if (held.includes(scope) || implications.length === 0) return held.includes(scope)
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
