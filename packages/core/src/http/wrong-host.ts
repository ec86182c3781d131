import { ConfigError } from '../errors/refusal.ts'
import { hostObjectOf } from '../lib/host-object.ts'
import { kindOf } from '../options/option-table.ts'

/**
 * The error for a handler that another framework called, or for a function that got something other than its
 * framework's request.
 *
 * @param what such as `A guard for Express`
 * @param advice what to do, as one or more sentences, instead of the advice to use another package
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
export function wrongHost(what: string, got: unknown, advice?: string): ConfigError {
  const { name = kindOf(got), fix = 'Use the package for your framework.' } =
    hostObjectOf(got) ?? {}
  return new ConfigError(`${what} was called with ${name}.`, advice ?? fix)
}

/** @throws ConfigError if a host called a function that returns a handler, in place of that handler */
export function refuseHostCall(name: string, given: readonly unknown[]): void {
  const host = hostObjectOf(given[0])
  if (!host) return
  throw new ConfigError(
    `${name} was passed as a handler without being called: it got ${host.name}.`,
    `Call it: ${name}().`,
  )
}
