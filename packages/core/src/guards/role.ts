import type { Code } from '../errors/codes.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { quoteList } from '../lib/quote.ts'

type Kind = 'roles' | 'permissions'

interface KindTexts {
  readonly guard: string
  readonly singular: string
  readonly code: Code
  readonly example: string
}

const kinds: Readonly<Record<Kind, KindTexts>> = {
  roles: {
    guard: 'requireRole',
    singular: 'role',
    code: 'role_insufficient',
    example: "requireRole('editor')",
  },
  permissions: {
    guard: 'requirePermission',
    singular: 'permission',
    code: 'permission_insufficient',
    example: "requirePermission('orders:write')",
  },
}

/**
 * The check of `requireRole` and `requirePermission`: the token must have all of the given names.
 * The challenge does not name them, because a client cannot request a role.
 *
 * @throws ConfigError if there are no names, if a name is invalid, or if no configured issuer has
 * roles or permissions, in which case the guard would refuse every request
 */
export function privilegeCheck(
  kind: Kind,
  required: readonly unknown[],
  { issuers, resolveIssuer }: Policy,
): (token: Readonly<Record<Kind, readonly string[]>>) => Refusal | undefined {
  const { guard, singular, code, example } = kinds[kind]
  if (required.length === 0)
    throw new ConfigError(`${guard} needs at least one ${singular}.`, `Write ${example}.`)
  if (!required.every((name) => typeof name === 'string' && name !== ''))
    throw new ConfigError(`${guard} accepts non-empty strings only.`, `Write ${example}.`)
  if (!resolveIssuer && ![...issuers.values()].some(({ profile }) => profile[kind])) {
    throw new ConfigError(
      `${guard} would refuse every request, because no configured profile has '${kind}'.`,
      'Name the provider, such as issuer: keycloak(url), or use requireClaim.',
    )
  }
  const names = [...required] as string[]
  return (token) => {
    const missing = names.filter((name) => !token[kind].includes(name))
    if (missing.length === 0) return undefined
    const found = quoteList(token[kind])
    return refuse(code, `the token lacks ${missing.join(' ')}; its ${kind} are ${found}`)
  }
}
