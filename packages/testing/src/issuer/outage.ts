import type { ServerResponse } from 'node:http'

/** A way to be down. */
export type DownMode =
  /** The connection is closed without an answer. */
  | 'disconnect'
  /** Status 500. */
  | 'error'
  /** Status 200 with a page of HTML, as a proxy sends it. */
  | 'garbage'
  /** No answer at all. It ends when the client gives up, or with `close()`. */
  | 'hang'
  /** Status 200 and the start of a body that never ends. */
  | 'stall'

export const outages: Readonly<Record<DownMode, (response: ServerResponse) => void>> = {
  disconnect: (response) => response.destroy(),
  error: (response) => response.writeHead(500).end('Internal Server Error'),
  garbage: (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Back soon</h1>'),
  hang: () => {},
  stall: (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
}

export const downModes: readonly string[] = Object.keys(outages)
