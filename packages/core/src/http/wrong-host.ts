import { ConfigError } from '../errors/refusal.ts'
import { hostObjectOf } from '../lib/host-object.ts'
import { kindOf } from '../options/option-table.ts'

/**
 * The error for a guard that another framework called, or that got something other than its framework's request.
 *
 * @param what such as `A guard for Express`
 *
 * @example
 * ```ts
 * import { wrongHost } from '@resource-server/core/adapter'
 *
 * export function requireNext(request: unknown, next: unknown): void {
 *   if (typeof next !== 'function') throw wrongHost('A guard for Express', request)
 * }
 * ```
 */
export function wrongHost(what: string, got: unknown): ConfigError {
  const { name = kindOf(got), fix = 'Use the package for your framework.' } =
    hostObjectOf(got) ?? {}
  return new ConfigError(`${what} was called with ${name}.`, fix)
}
