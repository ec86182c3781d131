import { type ChallengeError, type CodeEntry, codes, titles } from './codes.ts'

/**
 * What a caller is told of a refusal: nothing that the default answer does not say as well. The code
 * and the reason are not in it, since before the signature holds all refusals must read the same.
 */
export interface RefusalInfo {
  readonly status: CodeEntry['status']
  /** The name of the status. */
  readonly title: string
  /** One safe sentence in English. */
  readonly detail: string
  /** As in the challenge; absent where that is bare, and with 503. */
  readonly error?: ChallengeError
  /** The scopes that the challenge names. */
  readonly scope?: readonly string[]
  /** Seconds; as in `Retry-After`. */
  readonly retryAfter?: number
}

export interface ResponseBody {
  /** Such as `text/html; charset=utf-8`. */
  readonly contentType: string
  readonly body: string
}

/**
 * Writes the body of a refusal. Status, challenge and `Cache-Control` are not its business. What it
 * throws, or returns in another shape, is dropped: the default body is sent.
 */
export type RefusalBodyWriter = (refusal: RefusalInfo) => ResponseBody

/** The default: RFC 9457 section 3. */
export function problemDetails({ title, status, detail, error }: RefusalInfo): ResponseBody {
  return {
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'about:blank', title, status, detail, error }),
  }
}

/** What the function writes; `undefined` where that cannot be sent. Never throws. */
export function tryBody(write: RefusalBodyWriter, refusal: RefusalInfo): ResponseBody | undefined {
  try {
    const { contentType, body } = write(refusal) as Readonly<Record<keyof ResponseBody, unknown>>
    return isMediaType(contentType) && typeof body === 'string' ? { contentType, body } : undefined
  } catch {
    return undefined
  }
}

/** A refusal as any other, for trying a function out. */
export const sampleRefusal: RefusalInfo = Object.freeze({
  status: codes.credential_missing.status,
  title: titles[codes.credential_missing.status],
  detail: codes.credential_missing.description,
})

/** Visible ASCII and spaces: what ends a header ends the answer. */
function isMediaType(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x2e\x30-\x7e]+\/[\x20-\x7e]+$/.test(value)
}
