import type { Fetch, FetchResponse } from '@resource-server/core'
import { FetchError, readBounded } from '@resource-server/core/client'

/** A document of an authorization server, or why it could not be read. */
export interface FetchedDocument {
  readonly url: string
  /** `undefined` if there was no response. */
  readonly status: number | undefined
  /** The body, if it is a JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined
  /** What went wrong. `undefined` if the body is a JSON object and the status is 200. */
  readonly problem: string | undefined
}

const timeout = 5_000
/** In bytes, decoded. */
const maxBytes = 1_048_576

/**
 * Fetches a document for display. Decisions about tokens use the keys that core fetches itself.
 *
 * @param send the `fetch` of the options, which may use a proxy. Default: the global `fetch`
 */
export async function fetchDocument(
  url: string,
  send: Fetch = globalThis.fetch,
): Promise<FetchedDocument> {
  try {
    const response = await send(url, {
      method: 'GET',
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeout),
    })
    return { url, status: response.status, ...(await read(response)) }
  } catch (error) {
    return { url, status: undefined, body: undefined, problem: describe(error) }
  }
}

async function read(response: FetchResponse): Promise<Pick<FetchedDocument, 'body' | 'problem'>> {
  const text = new TextDecoder().decode(await readBounded(response, maxBytes))
  if (response.status !== 200) {
    const location = response.headers.get('location')
    const target = location === null ? '' : ` to ${printable(location)}`
    return { body: undefined, problem: `status ${response.status}${target}` }
  }
  const body = parse(text)
  return { body, problem: body ? undefined : 'status 200, but the body is not a JSON object' }
}

function parse(text: string): FetchedDocument['body'] {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as FetchedDocument['body']) : undefined
  } catch {
    return undefined
  }
}

/** The cause of a network error, such as `connect ECONNREFUSED`, says more than `fetch failed`. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'no response'
  if (error instanceof FetchError) return error.message
  if (error.name === 'TimeoutError') return `no response within ${timeout / 1000} s`
  const { cause } = error
  if (!(cause instanceof Error)) return printable(error.message)
  const code = 'code' in cause ? String(cause.code) : ''
  return printable(cause.message.includes(code) ? cause.message : `${code}: ${cause.message}`)
}

/** A server's text must not control the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)
}

/** The URLs at which an issuer can publish its metadata. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}
