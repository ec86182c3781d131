import { createServer, type Server, type ServerResponse } from 'node:http'
import type { JsonObject } from '../keys/signing-keys.ts'
import { type OutageMode, outages } from './outage.ts'

/**
 * How many requests the issuer has received, including while stopped. This is a
 * snapshot that does not change.
 */
export interface RequestCounts {
  /** Requests for the metadata, at either of its well-known URLs. */
  readonly discovery: number
  /** Requests for the key set. */
  readonly keys: number
}

/** A document to serve. Without a body, requests are counted and get a 404. */
export interface Resource {
  readonly countedAs: keyof RequestCounts
  readonly body?: () => JsonObject
}

export interface IssuerServer {
  readonly origin: string
  requests(): RequestCounts
  setOutage(mode: OutageMode | undefined): void
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
  const counts = { discovery: 0, keys: 0 }
  let outage: OutageMode | undefined
  let closing: Promise<void> | undefined

  server.on('request', ({ method, url = '' }, response) => {
    const resource = method === 'GET' ? resources.get(url) : undefined
    if (resource) counts[resource.countedAs]++
    if (outage) outages[outage](response)
    else sendJson(response, resource?.body?.())
  })

  return {
    origin,
    requests: () => Object.freeze({ ...counts }),
    setOutage(mode) {
      outage = mode
    },
    close: () => (closing ??= closeServer(server)),
  }
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      if (address && typeof address === 'object') resolve(address.port)
      else reject(new Error('The test issuer did not get a port.'))
    })
    server.unref()
  })

/** Open connections are cut, so that a hanging request does not delay the end of a test run. */
const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

function sendJson(response: ServerResponse, body: JsonObject | undefined): void {
  response
    .writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
    .end(JSON.stringify(body ?? { error: 'not_found' }))
}
