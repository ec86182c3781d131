import type { RequestRefusedError } from '@resource-server/core/adapter'

/**
 * Fastify's own error handler tells callers an error's `code`, and whatever else a response schema
 * asks for; and it sends JSON of its own kind under the error's Content-Type. So this one has neither
 * that nor what is for the operator. All of it is in `cause`.
 */
export function thrown(error: RequestRefusedError): RequestRefusedError {
  const { 'Content-Type': _, ...headers } = error.headers
  return Object.create(error, {
    code: { value: undefined },
    reason: { value: undefined },
    headers: { value: headers },
    cause: { value: error },
  }) as RequestRefusedError
}
