import { schedule } from './clock.ts'
import { type JsonObject, parseJsonObject } from './json.ts'

/** The part of the Fetch standard that is used here; the global `fetch` fits it. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'GET'
    readonly headers: Readonly<Record<string, string>>
    readonly redirect: 'manual'
    readonly signal: AbortSignal
  },
) => Promise<FetchResponse>

export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ReadableStream<Uint8Array> | null
}

/** Connect, headers and body together, in milliseconds. */
const deadline = 5_000
/**
 * The deadline passes in so many parts. A process that was too busy to read for a while, such as with
 * ten thousand requests at its start, has lost one part, and the answer that waits in its socket is read.
 */
const parts = 10
/** Of the decoded body: compressed bytes say nothing about memory. */
const maxBytes = 256 * 1024

export class FetchError extends Error {
  /** The status of an answer that was not 200, where there was one. */
  readonly status: number | undefined
  /** Seconds, where the answer said when to come back. */
  readonly retryAfter: number | undefined
  constructor(message: string, status?: number, retryAfter?: number) {
    super(message)
    this.status = status
    this.retryAfter = retryAfter
  }
}

export interface FetchedJson {
  readonly body: JsonObject
  /** The `Cache-Control` header, if any. */
  readonly cacheControl: string | null
  /** The `ETag` header, if any. */
  readonly etag: string | null
}

interface Request {
  readonly signal: AbortSignal
  /** The `ETag` of what is had already. Then the body may be absent: nothing changed. */
  readonly etag?: string | null
}

/**
 * Connect, headers and body of all that the work fetches, within one deadline, in real time. Raced, and
 * not only aborted: an injected fetch may not listen to its signal. No timer keeps the process alive.
 *
 * @param ended ends it sooner
 * @throws FetchError when it is over
 */
export async function withinDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  ended: AbortSignal,
): Promise<T> {
  const abort = new AbortController()
  let stop = (_why: string): void => {}
  const over = new Promise<never>((_, reject) => {
    stop = (why) => {
      reject(new FetchError(why))
      abort.abort()
    }
  })
  const close = (): void => stop('closed')
  let left = parts
  const pass = (): (() => void) =>
    schedule(deadline / parts, () => {
      left -= 1
      if (left === 0) stop(`no answer within ${deadline} ms`)
      else cancel = pass()
    })
  let cancel = pass()
  ended.addEventListener('abort', close)
  if (ended.aborted) close()
  try {
    return await Promise.race([work(abort.signal), over])
  } finally {
    cancel()
    ended.removeEventListener('abort', close)
  }
}

/**
 * Gets a JSON object within one size. Redirects are not followed, and no cookie or credential is sent.
 *
 * @throws FetchError
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
    throw error instanceof FetchError ? error : new FetchError(messageOf(error))
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
  if (response.status !== 200) await response.body?.cancel()
  if (response.status !== 200 && !unchanged) {
    const { status } = response
    const retryAfter = retryAfterOf(response.headers)
    throw new FetchError(`answered with status ${status}`, status, retryAfter)
  }
  return {
    body: unchanged ? undefined : parseJsonObject(await readBounded(response.body)),
    cacheControl: response.headers.get('cache-control'),
    etag: response.headers.get('etag') ?? (unchanged ? (etag ?? null) : null),
  }
}

/** RFC 9110 section 10.2.3, in seconds. A date counts from the server's own `Date`, and not from ours. */
function retryAfterOf(headers: FetchResponse['headers']): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  const wait = (Date.parse(value) - Date.parse(headers.get('date') ?? '')) / 1000
  return wait > 0 ? wait : undefined
}

async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new FetchError(`answered with more than ${maxBytes} bytes`)
    chunks.push(chunk)
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

/** A failed `fetch` hides what happened in its cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed'
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
