import * as platform from '#platform'

/**
 * Returns the setter for a property that holds the verified token. It ignores the value and never throws, so
 * that `Object.assign(request, { auth })` in other code neither fails nor replaces the token. Warns once, with
 * the writer's stack trace. The value is not part of the warning, because it may be a token.
 *
 * @example
 * ```ts
 * import { ignoredWrite } from '@resource-server/core/adapter'
 *
 * export function attach(request: object, token: () => unknown): void {
 *   const set = ignoredWrite('request.auth', 'api.token(request)')
 *   Object.defineProperty(request, 'auth', { configurable: true, get: token, set })
 * }
 * ```
 *
 * @param property such as `req.auth`
 * @param reader how to read the token, such as `api.token(req)`
 */
export function ignoredWrite(property: string, reader: string): (value: unknown) => void {
  let warned = false
  return () => {
    if (warned) return
    warned = true
    const [, , ...writer] = String(new Error().stack).split('\n')
    platform.warn(
      [
        `A write to ${property} was ignored, because only a guard may set it. Have the other code use another`,
        `name, and read the token with ${reader}. This warning is shown once. The write came from:`,
      ].join(' ') + `\n${writer.join('\n')}`,
    )
  }
}
