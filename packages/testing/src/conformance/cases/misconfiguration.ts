import type { Route } from '../host.ts'
import type { RequirementId } from '../requirements.ts'

/** An app that must not start: `ConfigError`. */
export interface Construction {
  readonly id: string
  readonly proves: readonly [RequirementId, ...RequirementId[]]
  readonly corpus?: readonly string[]
  readonly guards: Route['guards']
}

/** Written as a mistyped variable would hand it over: past the types. */
const scopes =
  (...given: readonly unknown[]): Route['guards'] =>
  (api) => [api.requireScope(...(given as [string]))]

export const constructions: readonly Construction[] = [
  {
    id: 'no-scope',
    proves: ['config-error'],
    corpus: ['SCP-required-empty'],
    guards: scopes(),
  },
  {
    id: 'empty-scope',
    proves: ['config-error'],
    corpus: ['SCP-required-empty'],
    guards: scopes(''),
  },
  {
    id: 'scope-with-a-quote',
    proves: ['config-error', 'quoting'],
    corpus: ['SCP-quote'],
    guards: scopes('read"'),
  },
  {
    id: 'scope-with-a-header',
    proves: ['config-error', 'quoting'],
    corpus: ['SCP-quote'],
    guards: scopes('read\r\nSet-Cookie: x=y'),
  },
  {
    id: 'claim-act',
    proves: ['config-error', 'current-actor'],
    guards: (api) => [api.requireClaim('act')],
  },
]
