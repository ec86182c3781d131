import { createServer, type Server, type ServerResponse } from 'node:http'
import type { JsonObject } from '../keys/signing-keys.ts'
import { type DownMode, outages } from './outage.ts'

/** How often the issuer was asked, counted also while it is down. A snapshot: it does not change. */
export interface Requests {
  /** Requests for the metadata, at either of its addresses. */
  readonly discovery: number
  /** Requests for the key set. */
  readonly keys: number
}

/** Something to serve. Without a body it counts requests and answers 404. */
export interface Resource {
  readonly counts: keyof Requests
  readonly body?: () => JsonObject
}

export interface IssuerServer {
  readonly origin: string
  requests(): Requests
  setOutage(mode: DownMode | undefined): void
  close(): Promise<void>
}

/** Serves JSON on a free loopback port. Neither the server nor its sockets keep the process alive. */
export async function startServer(
  resourcesAt: (origin: string) => ReadonlyMap<string, Resource>,
): Promise<IssuerServer> {
  const server = createServer()
  server.on('connection', (socket) => socket.unref())
  const origin = `http://127.0.0.1:${await listen(server)}`
  const resources = resourcesAt(origin)
  const counted = { discovery: 0, keys: 0 }
  let outage: DownMode | undefined
  let closing: Promise<void> | undefined

  server.on('request', ({ method, url = '' }, response) => {
    const resource = method === 'GET' ? resources.get(url) : undefined
    if (resource) counted[resource.counts]++
    if (outage) outages[outage](response)
    else reply(response, resource?.body?.())
  })

  return {
    origin,
    requests: () => Object.freeze({ ...counted }),
    setOutage(mode) {
      outage = mode
    },
    close: () => (closing ??= stop(server)),
  }
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      if (address && typeof address === 'object') resolve(address.port)
      else reject(new Error('The test issuer got no port'))
    })
    server.unref()
  })

/** Open connections are cut, so a hanging request does not delay the end of a test run. */
const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

function reply(response: ServerResponse, body: JsonObject | undefined): void {
  const status = body ? 200 : 404
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify(body ?? { error: 'not_found' }))
}
