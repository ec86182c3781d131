import { ConfigError } from '@resource-server/core'
import type { RequestRefusedError } from '@resource-server/core/adapter'

/**
 * Fastify's default error handler sends an error's `message` to the caller, also with status 500. So the message of
 * a `ConfigError` is generic here. `problem`, `fix` and `stack`, which Fastify logs, still have its text.
 */
export function withoutText<T>(run: () => T): T {
  const hide = (error: unknown): never => {
    if (!(error instanceof ConfigError)) throw error
    throw Object.create(error, {
      message: { value: 'The resource server is misconfigured.' },
      cause: { value: error },
    })
  }
  try {
    const result = run()
    return result instanceof Promise ? (result.catch(hide) as T) : result
  } catch (error) {
    return hide(error)
  }
}

/**
 * Fastify's default error handler sends an error's `code` to the caller, together with anything a response schema
 * names, and sends its own JSON under the error's Content-Type. So these members are hidden here; `cause` is the
 * original error.
 */
export function safeForFastify(error: RequestRefusedError): RequestRefusedError {
  const { 'Content-Type': _, ...headers } = error.headers
  return Object.create(error, {
    code: { value: undefined },
    reason: { value: undefined },
    claim: { value: undefined },
    headers: { value: headers },
    cause: { value: error },
  }) as RequestRefusedError
}
