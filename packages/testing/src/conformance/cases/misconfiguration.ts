import type { Route } from '../host.ts'
import type { RequirementId } from '../requirements.ts'

/** A route that must fail with a `ConfigError` when the app is constructed. */
export interface Misconfiguration {
  readonly id: string
  readonly proves: readonly [RequirementId, ...RequirementId[]]
  readonly corpus?: readonly string[]
  readonly guards: Route['guards']
}

/** Bypasses the types, as a value from an environment variable would. */
const requireScopes =
  (...scopes: readonly unknown[]): Route['guards'] =>
  (api) => [api.requireScope(...(scopes as [string]))]

export const misconfigurations: readonly Misconfiguration[] = [
  {
    id: 'no-scope',
    proves: ['config-error'],
    corpus: ['SCP-required-empty'],
    guards: requireScopes(),
  },
  {
    id: 'empty-scope',
    proves: ['config-error'],
    corpus: ['SCP-required-empty'],
    guards: requireScopes(''),
  },
  {
    id: 'scope-with-a-quote',
    proves: ['config-error', 'quoting'],
    corpus: ['SCP-quote'],
    guards: requireScopes('read"'),
  },
  {
    id: 'scope-with-header-injection',
    proves: ['config-error', 'quoting'],
    corpus: ['SCP-quote'],
    guards: requireScopes('read\r\nSet-Cookie: x=y'),
  },
  {
    id: 'claim-act',
    proves: ['config-error', 'current-actor'],
    guards: (api) => [api.requireClaim('act')],
  },
]
