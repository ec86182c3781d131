import { discard, quote, retryAfterOf } from '@resource-server/core/client'
import { type Failure, HopError } from './hop-error.ts'

/** What a response of the next service means for this service's caller, if it cannot be passed on. */
const meanings: Readonly<Record<number, (response: Response) => Failure | undefined>> = {
  // Its challenge is for this service, and not for this service's caller.
  401: ({ headers }) => ({
    code: 'service_refused',
    reason: `the next service refused the exchanged token: ${quote(headers.get('www-authenticate') ?? '')}`,
  }),
  403: ({ headers }) => {
    const challenge = headers.get('www-authenticate') ?? ''
    if (!/\berror="?insufficient_scope\b/.test(challenge)) return undefined
    return {
      code: 'service_denied',
      reason: `the exchanged token lacks a scope that the next service requires: ${quote(challenge)}`,
    }
  },
  429: overloaded,
  503: overloaded,
}

/** @throws HopError for a response that must not reach the caller as it is */
export function relay(response: Response): Response {
  const failure = meanings[response.status]?.(response)
  if (!failure) return response
  discard(response.body)
  throw new HopError(failure)
}

function overloaded({ status, headers }: Response): Failure {
  return {
    code: 'service_unavailable',
    reason: `the next service responded with status ${status}`,
    retryAfter: retryAfterOf(headers),
  }
}
