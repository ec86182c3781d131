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
/** Of the decoded body: compressed bytes say nothing about memory. */
const maxBytes = 256 * 1024

export class FetchError extends Error {
  /** The status of an answer that was not 200, where there was one. */
  readonly status: number | undefined
  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

export interface FetchedJson {
  readonly body: JsonObject
  /** The `Cache-Control` header, if any. */
  readonly cacheControl: string | null
}

/**
 * Gets a JSON object within one deadline and one size. Redirects are not followed, and no cookie or
 * credential is sent.
 *
 * @throws FetchError
 */
export async function fetchJson(fetch: Fetch, url: string): Promise<FetchedJson> {
  const abort = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new FetchError(`no answer within ${deadline} ms`))
      abort.abort()
    }, deadline)
  })
  try {
    // Raced, and not only aborted: an injected fetch may not listen to its signal.
    return await Promise.race([getJson(fetch, url, abort.signal), late])
  } catch (error) {
    throw error instanceof FetchError ? error : new FetchError(messageOf(error))
  } finally {
    clearTimeout(timer)
  }
}

async function getJson(fetch: Fetch, url: string, signal: AbortSignal): Promise<FetchedJson> {
  const headers = { accept: 'application/json, application/jwk-set+json' }
  const response = await fetch(url, { method: 'GET', headers, redirect: 'manual', signal })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new FetchError(`answered with status ${response.status}`, response.status)
  }
  const body = parseJsonObject(await readBounded(response.body))
  return { body, cacheControl: response.headers.get('cache-control') }
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
