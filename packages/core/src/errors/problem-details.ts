import { attempt } from '../lib/attempt.ts'
import { type ChallengeError, type CodeEntry, codes, titles } from './codes.ts'

/**
 * The part of a refusal that the caller may see, as in the default response. It does not include the code
 * or the reason, because all refusals before the signature is verified must look the same.
 */
export interface RefusalInfo {
  readonly status: CodeEntry['status']
  /** The reason phrase of the status, such as `Forbidden`. */
  readonly title: string
  /** One sentence in English that is safe to show to the caller. */
  readonly detail: string
  /** The `error` of the challenge. Absent if the challenge has no error code, and with status 503. */
  readonly error?: ChallengeError
  /** The scopes in the challenge: those of all guards that have run. */
  readonly scope?: readonly string[]
  /** Seconds, as in the `Retry-After` header. Only with status 503. */
  readonly retryAfter?: number
}

/** A body that a {@link RefusalBodyWriter} returns. */
export interface ResponseBody {
  /** The value of `Content-Type`, such as `text/html; charset=utf-8`. */
  readonly contentType: string
  readonly body: string
}

/**
 * Returns the body of the response to a refused request. It cannot change the status, the challenge, or
 * `Cache-Control`. If it throws, or returns something other than a {@link ResponseBody}, the default body
 * is sent.
 *
 * @example
 * import type { RefusalBodyWriter } from '@resource-server/core'
 *
 * export const refusalBody: RefusalBodyWriter = ({ title, detail }) => ({
 *   contentType: 'application/json',
 *   body: JSON.stringify({ error: { title, detail } }),
 * })
 */
export type RefusalBodyWriter = (refusal: RefusalInfo) => ResponseBody

/** Writes the default body: a problem details object (RFC 9457 section 3). */
export function problemDetails({ title, status, detail, error }: RefusalInfo): ResponseBody {
  return {
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'about:blank', title, status, detail, error }),
  }
}

/** Calls the function. Returns `undefined` if it throws or returns an invalid body. Never throws. */
export function tryBody(write: RefusalBodyWriter, refusal: RefusalInfo): ResponseBody | undefined {
  return attempt(() => {
    const { contentType, body } = write(refusal) as Readonly<Record<keyof ResponseBody, unknown>>
    return isMediaType(contentType) && typeof body === 'string' ? { contentType, body } : undefined
  })
}

/** An ordinary refusal, for testing a body writer when the server is created. */
export const sampleRefusal: RefusalInfo = Object.freeze({
  status: codes.credential_missing.status,
  title: titles[codes.credential_missing.status],
  detail: codes.credential_missing.description,
})

/** Accepts visible ASCII and spaces only, so that the value cannot end the header. */
function isMediaType(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x2e\x30-\x7e]+\/[\x20-\x7e]+$/.test(value)
}
