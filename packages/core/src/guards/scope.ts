import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { isScopeToken } from '../options/scope.ts'

interface Token {
  readonly scopes: readonly string[]
  hasScope(scope: string): boolean
}

type Check = (token: Token) => Refusal | undefined

/**
 * The check of `requireScope`: the token must have all of the scopes, directly or through
 * `impliedScopes`. The challenge names every required scope, not only the missing ones.
 *
 * @throws ConfigError if there are no scopes, or if a scope is invalid
 */
export function allScopesCheck(scopes: readonly unknown[]): Check {
  const required = readScopeList('requireScope', scopes)
  return (token) => {
    const missing = required.filter((scope) => !token.hasScope(scope))
    if (missing.length === 0) return undefined
    const reason = `the token lacks ${missing.join(' ')}; it has ${token.scopes.join(' ') || 'no scope'}`
    return refuse('scope_insufficient', reason, { scope: required })
  }
}

/**
 * The check of `requireAnyScope`: the token must have at least one of the scopes, directly or
 * through `impliedScopes`. The challenge names all of them.
 *
 * @throws ConfigError if there are no scopes, or if a scope is invalid
 */
export function anyScopeCheck(scopes: readonly unknown[]): Check {
  const accepted = readScopeList('requireAnyScope', scopes)
  return (token) => {
    if (accepted.some((scope) => token.hasScope(scope))) return undefined
    const reason = `the token has none of ${accepted.join(' ')}; it has ${token.scopes.join(' ') || 'no scope'}`
    return refuse('scope_insufficient', reason, { scope: accepted })
  }
}

/** A copy, so that a later change to the caller's list does not change the check. */
function readScopeList(guard: string, scopes: readonly unknown[]): readonly string[] {
  const fix = `Write ${guard}('orders:read').`
  if (scopes.length === 0) throw new ConfigError(`${guard} needs at least one scope.`, fix)
  if (scopes.every(isScopeToken)) return [...scopes]
  throw new ConfigError(
    `${guard} accepts scopes only: printable ASCII without spaces, quotes, or backslashes (RFC 6749 section 3.3).`,
    fix,
  )
}

/** The scopes that a guard requires, as data: all of them, or any one of them. */
export type ScopeNeed = { readonly all: readonly string[] } | { readonly any: readonly string[] }

/** An own member, so that a polluted prototype does not change what is required. */
function requiresAll(need: ScopeNeed): need is Extract<ScopeNeed, { readonly all: unknown }> {
  return Object.hasOwn(need, 'all')
}

/** Every scope that the need mentions. */
export function namesOf(need: ScopeNeed): readonly string[] {
  return requiresAll(need) ? need.all : need.any
}

/**
 * The scopes through which a token meets a need. A later challenge includes them, so that the
 * client's next token does not lose them.
 */
export function metBy(need: ScopeNeed, token: Pick<Token, 'hasScope'>): readonly string[] {
  if (requiresAll(need)) return need.all
  const first = need.any.find((scope) => token.hasScope(scope))
  return first === undefined ? [] : [first]
}

/** The lists of scopes that meet all needs. A token with every scope of one list is enough. */
export function alternatives(needs: readonly ScopeNeed[]): readonly (readonly string[])[] {
  return needs.reduce<readonly (readonly string[])[]>(
    (lists, need) => {
      const choices = requiresAll(need) ? [need.all] : need.any.map((scope) => [scope])
      return lists.flatMap((scopes) =>
        choices.map((choice) => [...new Set([...scopes, ...choice])]),
      )
    },
    [[]],
  )
}
