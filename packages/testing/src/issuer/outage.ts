import type { ServerResponse } from 'node:http'
import type { JsonObject } from '../keys/signing-keys.ts'

/** How a stopped issuer responds. */
export type OutageMode =
  /** Closes the connection without a response. */
  | 'disconnect'
  /** Responds with an empty key set. The metadata is served as usual. */
  | 'empty'
  /** Responds with status 500, or with 503 if `retryAfter` is set. */
  | 'error'
  /** Responds with status 200 and an HTML page, as a broken proxy does. */
  | 'garbage'
  /** Never responds. The request ends when the client gives up, or with `close()`. */
  | 'hang'
  /** Responds with status 200 and the beginning of a body that never ends. */
  | 'stall'

/** An outage in progress. */
export interface Outage {
  readonly mode: OutageMode
  /** The header `Retry-After`, in seconds. */
  readonly retryAfter?: number | undefined
}

type Respond = (response: ServerResponse, outage: Outage) => void

const broken: Readonly<Record<Exclude<OutageMode, 'empty'>, Respond>> = {
  disconnect: (response) => response.destroy(),
  error: (response, { retryAfter }) =>
    retryAfter === undefined
      ? response.writeHead(500).end('Internal Server Error')
      : response.writeHead(503, { 'retry-after': String(retryAfter) }).end('Service Unavailable'),
  garbage: (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Back soon</h1>'),
  hang: () => {},
  stall: (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
}

export const outageModes: readonly string[] = [...Object.keys(broken), 'empty'].toSorted()

/** Sends what a stopped issuer sends. Returns the document to send instead, if it sends one. */
export function respondDuring(
  outage: Outage,
  response: ServerResponse,
  document: { readonly isKeySet: boolean; readonly body: JsonObject | undefined },
): { readonly body: JsonObject | undefined } | undefined {
  if (outage.mode === 'empty') return { body: document.isKeySet ? { keys: [] } : document.body }
  broken[outage.mode](response, outage)
  return undefined
}
