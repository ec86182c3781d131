import { schedule } from './clock.ts'
import { type JsonObject, readJsonObject } from './json.ts'
import { codeOf, escapeUpTo, quote } from './quote.ts'

/**
 * A function that fetches metadata and key sets. The global `fetch` has this type. It must reject if the
 * request fails, and it should abort when `signal` does. It must not follow redirects: with
 * `redirect: 'manual'`, a redirect is an ordinary response, which is then refused.
 *
 * @example
 * import type { Fetch } from '@resource-server/core'
 *
 * // Names this service in the requests for metadata and keys.
 * export const namedFetch: Fetch = (url, init) =>
 *   fetch(url, { ...init, headers: { ...init.headers, 'user-agent': 'order-service' } })
 */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'GET'
    readonly headers: Readonly<Record<string, string>>
    readonly redirect: 'manual'
    readonly signal: AbortSignal
  },
) => Promise<FetchResponse>

/** The part of a Fetch `Response` that is read. The global `Response` has this type. */
export interface FetchResponse {
  readonly status: number
  /** `Age`, `Cache-Control`, `Date`, `ETag`, and `Retry-After` are read. */
  readonly headers: { get(name: string): string | null }
  /**
   * The decoded bytes. At most 256 KiB is read, and the rest is canceled. The global `ReadableStream` has
   * this type, and so does that of undici, which TypeScript treats as a different one.
   */
  readonly body: ReadableStream<Uint8Array> | CancelableBytes | null
}

interface CancelableBytes extends AsyncIterable<Uint8Array> {
  cancel(): Promise<void>
}

/** Milliseconds for connecting, headers, and body together. */
const deadline = 5_000
/**
 * The deadline is measured by this many timers in a row. If the process was too busy to read for a while,
 * such as at startup under load, only one timer expires late. The next one leaves time to read the
 * response that is waiting in the socket.
 */
const parts = 10
/** Limit for the decoded body. The compressed size would not bound memory. */
const maxBytes = 256 * 1024

/** A request failed, timed out, or got a response that cannot be used. */
export class FetchError extends Error {
  /** The status of the response. `undefined` if there was no complete response. */
  readonly status: number | undefined
  /** Seconds to wait before the next request, if the response said so. */
  readonly retryAfter: number | undefined
  /** The code of the system error, such as `ENOTFOUND`, if the request failed with one. */
  readonly code: string | undefined

  constructor(message: string, status?: number, retryAfter?: number, code?: string) {
    super(message)
    this.status = status
    this.retryAfter = retryAfter
    this.code = code
  }
}

export interface FetchedJson {
  readonly body: JsonObject
  /** The `Cache-Control` header, if any. */
  readonly cacheControl: string | null
  /** The `ETag` header, if any. */
  readonly etag: string | null
  /** When the response was generated, by the server's clock, in milliseconds. `undefined` if unknown. */
  readonly date: number | undefined
}

interface Request {
  readonly signal: AbortSignal
  /** The `ETag` of the previous response. If it still matches, the new response has no body. */
  readonly etag?: string | null
}

/**
 * Runs work that makes requests, with one deadline of five seconds of real time for all of them. Rejects
 * at the deadline even if an injected `fetch` ignores its signal. No timer keeps the process alive.
 *
 * @param ended stops the work early when it aborts
 * @throws FetchError at the deadline, or when `ended` aborts
 */
export async function withinDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  ended: AbortSignal,
): Promise<T> {
  const abort = new AbortController()
  let stop = (_reason: string): void => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = (reason) => {
      reject(new FetchError(reason))
      abort.abort()
    }
  })
  const close = (): void => stop('closed')
  let partsLeft = parts
  const startPart = (): (() => void) =>
    schedule(deadline / parts, () => {
      partsLeft -= 1
      if (partsLeft === 0) stop(`no answer within ${deadline} ms`)
      else cancel = startPart()
    })
  let cancel = startPart()
  ended.addEventListener('abort', close)
  if (ended.aborted) close()
  try {
    return await Promise.race([work(abort.signal), stopped])
  } finally {
    cancel()
    ended.removeEventListener('abort', close)
  }
}

/**
 * Fetches a JSON object of at most 256 KiB. Redirects are not followed, and no cookie or credential is
 * sent.
 *
 * @throws FetchError if the request fails, the status is not 200, or the body is not a JSON object
 */
export function fetchJson(
  fetch: Fetch,
  url: string,
  request: { readonly signal: AbortSignal },
): Promise<FetchedJson>
export function fetchJson(
  fetch: Fetch,
  url: string,
  request: Request,
): Promise<Omit<FetchedJson, 'body'> & { readonly body: JsonObject | undefined }>
export async function fetchJson(
  fetch: Fetch,
  url: string,
  request: Request,
): Promise<Omit<FetchedJson, 'body'> & { readonly body: JsonObject | undefined }> {
  try {
    return await getJson(fetch, url, request)
  } catch (error) {
    throw error instanceof FetchError ? error : failedRequest(error)
  }
}

async function getJson(
  fetch: Fetch,
  url: string,
  { signal, etag }: Request,
): Promise<Omit<FetchedJson, 'body'> & { readonly body: JsonObject | undefined }> {
  const headers = {
    accept: 'application/json, application/jwk-set+json',
    ...(etag && { 'if-none-match': etag }),
  }
  const response = await fetch(url, { method: 'GET', headers, redirect: 'manual', signal })
  const unchanged = response.status === 304 && Boolean(etag)
  if (response.status !== 200) discard(response.body)
  if (response.status !== 200 && !unchanged) {
    const { status } = response
    const retryAfter = retryAfterOf(response.headers)
    const problem = `answered with status ${status}${redirection(response)}`
    throw new FetchError(problem, status, retryAfter)
  }
  return {
    body: unchanged ? undefined : await readJson(response, maxBytes),
    cacheControl: response.headers.get('cache-control'),
    etag: response.headers.get('etag') ?? (unchanged ? (etag ?? null) : null),
    date: dateOf(response.headers),
  }
}

/** Says where a redirect leads, because it is not followed. The query may contain a secret. */
function redirection({ status, headers }: FetchResponse): string {
  if (![301, 302, 303, 307, 308].includes(status)) return ''
  const [location = ''] = headers.get('location')?.split('?', 1) ?? []
  return ` (a redirect${location && ` to ${quote(location)}`}, which is not followed)`
}

/**
 * Reads the body of a response as a JSON object, by the rules of `readJsonObject`. Stops reading at the limit.
 *
 * @param limit the maximum size of the decoded body, in bytes
 * @throws FetchError if the body is larger, or is something other than a JSON object, such as the page of a
 *   single-page application
 */
export async function readJson(response: FetchResponse, limit: number): Promise<JsonObject> {
  const result = readJsonObject(await readBounded(response, limit))
  if (typeof result !== 'string') return result
  const { status, headers } = response
  const type = headers.get('content-type')
  const shown = type ? `${quote(type)}, ` : ''
  const message = `answered with status ${status} and an unusable body (${shown}${result})`
  throw new FetchError(message, status, retryAfterOf(headers))
}

/** RFC 9110 section 10.2.3, in seconds. A date is compared with the server's `Date`, not our clock. */
export function retryAfterOf(headers: FetchResponse['headers']): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  if (/^\d{1,15}$/.test(value)) return Number(value)
  const wait = (Date.parse(value) - sentAt(headers)) / 1000
  return wait > 0 ? wait : undefined
}

/** RFC 9110 section 6.6.1. A response from a cache has an old date, so it is ignored. */
function dateOf(headers: FetchResponse['headers']): number | undefined {
  const date = sentAt(headers)
  return Number.isNaN(date) || headers.get('age') !== null ? undefined : date
}

/** The `Date` of a response, in milliseconds. NaN without one. */
function sentAt(headers: FetchResponse['headers']): number {
  return Date.parse(headers.get('date') ?? '')
}

/**
 * Releases the connection without waiting. If the body was cloned, `cancel()` settles only after the clone
 * was read or canceled too, which may never happen.
 */
export function discard(body: FetchResponse['body']): void {
  void ignoreErrors(async () => body?.cancel())
}

async function ignoreErrors(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch {
    // The response is not used, so it does not matter.
  }
}

/**
 * Reads the body of a response. Stops at the limit, which counts decoded bytes.
 *
 * @throws FetchError if the body is larger
 */
// Does not use `for await`, which would wait for the body to be canceled.
export async function readBounded(
  { body, status }: FetchResponse,
  limit: number,
): Promise<Uint8Array> {
  if (!body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const iterator = body[Symbol.asyncIterator]()
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    size += next.value.byteLength
    if (size > limit) {
      void ignoreErrors(async () => iterator.return?.())
      throw new FetchError(`answered with more than ${limit} bytes`, status)
    }
    chunks.push(next.value)
  }
  return concat(chunks, size)
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

/** A failed `fetch` has the actual error in its cause. */
export function failedRequest(error: unknown): FetchError {
  if (!(error instanceof Error)) return new FetchError('the request failed')
  const cause = error.cause instanceof Error ? error.cause : undefined
  const code = codeOf(cause) ?? codeOf(error)
  // An AggregateError, for several addresses of a host, has no message.
  const detail = cause && (cause.message || code)
  const message = escapeUpTo(detail ? `${error.message}: ${detail}` : error.message, 256)
  return new FetchError(message, undefined, undefined, code)
}
