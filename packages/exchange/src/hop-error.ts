/** Why a token for the next service, or that service's response, is not available. Codes are stable. */
export type HopCode =
  | 'token_expired'
  | 'token_rejected'
  | 'authentication_insufficient'
  | 'exchange_denied'
  | 'exchange_misconfigured'
  | 'server_unavailable'
  | 'response_invalid'
  | 'service_unavailable'
  | 'service_redirected'
  | 'service_refused'
  | 'service_denied'

interface HopCodeEntry {
  readonly status: 401 | 403 | 502 | 503
  readonly title: string
  /** What the caller reads. */
  readonly detail: string
  /** The `error` of the challenge. Only with status 401. */
  readonly error?: 'invalid_token' | 'insufficient_user_authentication'
}

const notNow = 'A service that this request needs is not available at the moment'
const unavailable: HopCodeEntry = { status: 503, title: 'Service Unavailable', detail: notNow }
const badGateway: HopCodeEntry = {
  status: 502,
  title: 'Bad Gateway',
  detail: 'A service that this request needs did not accept it',
}
const forbidden: HopCodeEntry = {
  status: 403,
  title: 'Forbidden',
  detail: 'Your access does not include a service that this request needs',
}
const unauthorized = (error: HopCodeEntry['error'] & string, detail: string): HopCodeEntry => ({
  status: 401,
  title: 'Unauthorized',
  detail,
  error,
})

/**
 * The response to this service's caller for each code.
 *
 * @example
 * ```ts
 * import { hopCodes } from '@resource-server/exchange'
 *
 * console.log(hopCodes.exchange_denied.status) // 403
 * ```
 */
export const hopCodes: Readonly<Record<HopCode, HopCodeEntry>> = Object.freeze({
  token_expired: unauthorized('invalid_token', 'The access token expired'),
  token_rejected: unauthorized('invalid_token', 'The access token is no longer valid'),
  authentication_insufficient: unauthorized(
    'insufficient_user_authentication',
    'More recent or stronger authentication is required',
  ),
  exchange_denied: forbidden,
  exchange_misconfigured: unavailable,
  server_unavailable: unavailable,
  response_invalid: unavailable,
  service_unavailable: unavailable,
  service_redirected: badGateway,
  service_refused: badGateway,
  service_denied: forbidden,
})

/** What happened, before it becomes the error of one call. */
export interface Failure {
  readonly code: HopCode
  /** For the operator: no token, no secret. Values from other parties are quoted. */
  readonly reason: string
  /** The `error` from the authorization server. */
  readonly error?: string | undefined
  /** Seconds. Only for codes with status 503. */
  readonly retryAfter?: number | undefined
  /** Parameters of the challenge, such as `acr_values` (RFC 9470 section 3). */
  readonly challenge?: Readonly<Record<string, string>> | undefined
  readonly cause?: unknown
}

/**
 * There is no token for the next service, or that service gave no usable response. The error has the `status`
 * and `headers` that this service's caller must get. Express, Koa, Fastify, and Hono send them if the handler
 * does not catch the error.
 *
 * The caller learns neither `code` nor `reason`: both are for the operator, and neither is enumerable.
 *
 * @example
 * ```ts
 * import type { AccessToken } from '@resource-server/core'
 * import { HopError, type NextHop } from '@resource-server/exchange'
 *
 * export async function stockOf(hop: NextHop, token: AccessToken): Promise<number | undefined> {
 *   try {
 *     const response = await hop.fetch(token, '/stock/7')
 *     return Number(await response.text())
 *   } catch (error) {
 *     if (error instanceof HopError && error.status === 503) return undefined
 *     throw error
 *   }
 * }
 * ```
 */
export class HopError extends Error {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'HopError' })
  }

  declare readonly code: HopCode
  /** The full reason, for the operator's log. Not enumerable. Do not send it to the caller. */
  declare readonly reason: string
  /** The `error` from the authorization server, if it sent one. Not enumerable. */
  declare readonly serverError: string | undefined
  /** The status for the caller. */
  readonly status: number
  readonly statusCode: number
  /** The headers for the caller: the challenge or `Retry-After`, `Content-Type`, and `Cache-Control`. */
  readonly headers: Readonly<Record<string, string>>
  /** The body for the caller: a problem details object (RFC 9457). */
  readonly body: string
  /** For Koa: whether the caller may see `message`. */
  readonly expose: boolean
  /** Seconds after which a retry may succeed. Only with status 503. */
  readonly retryAfter: number | undefined

  constructor(failure: Failure, scheme: 'Bearer' | 'DPoP' = 'Bearer') {
    const { status, title, detail, error } = hopCodes[failure.code]
    // In development, hosts send messages to callers, so this one contains nothing else.
    super(detail, failure.cause === undefined ? undefined : { cause: failure.cause })
    Object.defineProperties(this, {
      code: { value: failure.code },
      reason: { value: failure.reason },
      serverError: { value: failure.error },
    })
    this.status = this.statusCode = status
    this.retryAfter = status === 503 ? clampedRetryAfter(failure.retryAfter) : undefined
    this.headers = {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(error && { 'WWW-Authenticate': challenge(scheme, error, detail, failure.challenge) }),
      ...(this.retryAfter !== undefined && { 'Retry-After': String(this.retryAfter) }),
    }
    this.body = JSON.stringify({ type: 'about:blank', title, status, detail, error })
    this.expose = status < 500
    // It is not a bug, and hosts log stacks.
    this.stack = `${this.name}: ${this.message}`
  }

  /** The response for the caller. Hono calls it if no error handler catches the error. */
  getResponse(): Response {
    const { body, status, headers } = this
    return new Response(body, { status, headers })
  }
}

/** Seconds, from 1 second to 10 minutes. */
function clampedRetryAfter(seconds: number | undefined = 1): number {
  return Math.min(600, Math.max(1, Math.ceil(seconds)))
}

function challenge(
  scheme: string,
  error: string,
  description: string,
  parameters: Failure['challenge'] = {},
): string {
  const all = { error, error_description: description, ...parameters }
  const shown = Object.entries(all).map(([name, value]) => `${name}="${quotable(value)}"`)
  return `${scheme} ${shown.join(', ')}`
}

/** Printable ASCII without what ends a quoted string (RFC 9110 section 5.6.4). */
function quotable(value: string): string {
  return value.replace(/[^\x20-\x7e]|["\\]/g, '')
}
