import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { JsonObject } from '../keys/signing-keys.ts'
import type { TestClock } from '../test-clock.ts'
import type { ReceivedRequest } from './exchange.ts'
import { type Outage, respondDuring } from './outage.ts'
import type { RawReply } from './token-endpoint.ts'

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

/** Responds to POST requests for one path. */
interface FormHandler {
  readonly path: string
  readonly respond: (request: ReceivedRequest) => RawReply
}

/** What a server serves. */
interface Served {
  readonly resources: ReadonlyMap<string, Resource>
  readonly forms?: readonly FormHandler[]
}

export interface IssuerServer {
  readonly origin: string
  requests(): RequestCounts
  setOutage(outage: Outage | undefined): void
  /** Seconds of the clock between a request and its response. */
  setDelay(seconds: number): void
  close(): Promise<void>
}

interface ServerSettings {
  /** 0 for a free port. */
  readonly port: number
  /** Whether documents have an `ETag`. */
  readonly etag: boolean
  readonly clock: TestClock
}

/** Serves JSON on a loopback port. Neither the server nor its sockets keep the process alive. */
export async function startServer(
  servedAt: (origin: string) => Served,
  { port, etag, clock }: ServerSettings,
): Promise<IssuerServer> {
  const server = createServer()
  server.on('connection', (socket) => socket.unref())
  const origin = `http://127.0.0.1:${await listen(server, port)}`
  const { resources, forms = [] } = servedAt(origin)
  const counts = { discovery: 0, keys: 0 }
  let outage: Outage | undefined
  let delay = 0
  let closing: Promise<void> | undefined

  const respond = (
    request: IncomingMessage,
    response: ServerResponse,
    resource: Resource | undefined,
  ): void => {
    const isKeySet = resource?.countedAs === 'keys'
    const document = { isKeySet, body: resource?.body?.() }
    const sent = outage ? respondDuring(outage, response, document) : document
    if (sent) sendJson(request, response, { body: sent.body, etag })
  }
  const respondToForm = async (
    request: IncomingMessage,
    response: ServerResponse,
    { respond: reply }: FormHandler,
  ): Promise<void> => {
    const body = await bodyOf(request)
    const answer = reply({ headers: request.headers, body })
    afterDelay(() => {
      const stopped = outage && outage.mode !== 'empty' ? outage : undefined
      if (stopped) respondDuring(stopped, response, { isKeySet: false, body: undefined })
      else sendReply(response, answer)
    })
  }
  const afterDelay = (work: () => void): void => {
    if (delay === 0) work()
    else clock.schedule(delay * 1000, work)
  }
  server.on('request', (request, response) => {
    const { method, url = '' } = request
    const form = method === 'POST' ? forms.find(({ path }) => path === url) : undefined
    if (form) {
      void respondToForm(request, response, form)
      return
    }
    const resource = method === 'GET' ? resources.get(url) : undefined
    if (resource) counts[resource.countedAs]++
    afterDelay(() => respond(request, response, resource))
  })

  return {
    origin,
    requests: () => Object.freeze({ ...counts }),
    setOutage(next) {
      outage = next
    },
    setDelay(seconds) {
      delay = seconds
    },
    close: () => (closing ??= closeServer(server)),
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  return body
}

function sendReply(response: ServerResponse, { status = 200, headers, body }: RawReply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
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

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  { body, etag }: { readonly body: JsonObject | undefined; readonly etag: boolean },
): void {
  const text = JSON.stringify(body ?? { error: 'not_found' })
  const tag =
    etag && body ? `"${createHash('sha256').update(text).digest('base64url')}"` : undefined
  const headers = { 'content-type': 'application/json', ...(tag && { etag: tag }) }
  if (tag && request.headers['if-none-match'] === tag) response.writeHead(304, headers).end()
  else response.writeHead(body ? 200 : 404, headers).end(text)
}
