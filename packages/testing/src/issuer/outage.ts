import type { ServerResponse } from 'node:http'

/** How a stopped issuer responds. */
export type OutageMode =
  /** Closes the connection without a response. */
  | 'disconnect'
  /** Responds with status 500. */
  | 'error'
  /** Responds with status 200 and an HTML page, as a broken proxy does. */
  | 'garbage'
  /** Never responds. The request ends when the client gives up, or with `close()`. */
  | 'hang'
  /** Responds with status 200 and the beginning of a body that never ends. */
  | 'stall'

export const outages: Readonly<Record<OutageMode, (response: ServerResponse) => void>> = {
  disconnect: (response) => response.destroy(),
  error: (response) => response.writeHead(500).end('Internal Server Error'),
  garbage: (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Back soon</h1>'),
  hang: () => {},
  stall: (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
}

export const outageModes: readonly string[] = Object.keys(outages)
