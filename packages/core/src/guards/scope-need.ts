/** What scopes a guard asks for, as data. */
export type ScopeNeed = { readonly all: readonly string[] } | { readonly any: readonly string[] }

interface Held {
  hasScope(scope: string): boolean
}

/** Every scope that is named. */
export function namesOf(need: ScopeNeed): readonly string[] {
  return 'all' in need ? need.all : need.any
}

/** The scopes by which a token that passed did pass: a client must not lose them with its next token. */
export function metBy(need: ScopeNeed, token: Held): readonly string[] {
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
