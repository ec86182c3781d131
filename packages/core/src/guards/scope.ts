import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { isScopeToken } from '../options/scope.ts'

interface Held {
  readonly scopes: readonly string[]
  hasScope(scope: string): boolean
}

type Check = (token: Held) => Refusal | undefined

/** All of the scopes, by name or by what implies them; the challenge names all that are required. */
export function allScopes(scopes: readonly unknown[]): Check {
  const required = scopeList(scopes)
  return (token) => {
    const missing = required.filter((scope) => !token.hasScope(scope))
    if (missing.length === 0) return undefined
    const reason = `the token lacks ${missing.join(' ')}; it has ${token.scopes.join(' ') || 'no scope'}`
    return refuse('scope_insufficient', reason, { scope: required })
  }
}

/** One of the scopes; the challenge names all of them. */
export function anyScope(scopes: readonly unknown[]): Check {
  const required = scopeList(scopes)
  return (token) => {
    if (required.some((scope) => token.hasScope(scope))) return undefined
    const reason = `the token has none of ${required.join(' ')}; it has ${token.scopes.join(' ') || 'no scope'}`
    return refuse('scope_insufficient', reason, { scope: required })
  }
}

function scopeList(scopes: readonly unknown[]): readonly string[] {
  if (scopes.length > 0 && scopes.every(isScopeToken)) return [...scopes]
  throw new ConfigError(
    'A scope guard got no scope, or something that is no scope.',
    "Write requireScope('orders:read'): printable ASCII without spaces and quotes (RFC 6749 section 3.3).",
  )
}

/** What scopes a guard asks for, as data. */
export type ScopeNeed = { readonly all: readonly string[] } | { readonly any: readonly string[] }

/** Every scope that is named. */
export function namesOf(need: ScopeNeed): readonly string[] {
  return 'all' in need ? need.all : need.any
}

/** The scopes by which a token that passed did pass: a client must not lose them with its next token. */
export function metBy(need: ScopeNeed, token: Pick<Held, 'hasScope'>): readonly string[] {
  if ('all' in need) return need.all
  const first = need.any.find((scope) => token.hasScope(scope))
  return first === undefined ? [] : [first]
}

/** The lists of scopes of which one is enough for all needs together. */
export function alternatives(needs: readonly ScopeNeed[]): readonly (readonly string[])[] {
  return needs.reduce<readonly (readonly string[])[]>(
    (found, need) => {
      const choices = 'all' in need ? [need.all] : need.any.map((scope) => [scope])
      return found.flatMap((scopes) =>
        choices.map((choice) => [...new Set([...scopes, ...choice])]),
      )
    },
    [[]],
  )
}
