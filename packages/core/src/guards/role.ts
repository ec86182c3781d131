import type { Code } from '../errors/codes.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

type Kind = 'roles' | 'permissions'

const guards: Readonly<Record<Kind, readonly [guard: string, code: Code]>> = {
  roles: ['requireRole', 'role_insufficient'],
  permissions: ['requirePermission', 'permission_insufficient'],
}

/**
 * All of these roles or permissions. Where no issuer is known to have any, the guard would refuse
 * everybody, so it dies at construction. The challenge names none: a client cannot ask for a role.
 */
export function privilegeRule(
  kind: Kind,
  required: readonly unknown[],
  { issuers, resolveIssuer }: Policy,
): (token: Readonly<Record<Kind, readonly string[]>>) => Refusal | undefined {
  const [guard, code] = guards[kind]
  if (required.length === 0 || !required.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigError(`${guard} got no name.`, `Write ${guard}('editor').`)
  }
  if (!resolveIssuer && ![...issuers.values()].some(({ profile }) => profile[kind])) {
    throw new ConfigError(
      `${guard}: no profile says where the ${kind} are.`,
      'Name the provider, such as issuer: keycloak(url), or use requireClaim.',
    )
  }
  const names = [...required] as string[]
  return (token) => {
    const missing = names.filter((name) => !token[kind].includes(name))
    if (missing.length === 0) return undefined
    const found = JSON.stringify(token[kind])
    return refuse(code, `the token's ${kind} lack ${missing.join(' ')}; they are ${found}`)
  }
}
