import type { IncomingMessage, ServerResponse } from 'node:http'
import { fromNode, type NodeExchange, type Reply, sendNode } from '@resource-server/core/adapter'

/** The request of a platform: that of Express, which is Node's, or that of Fastify, which wraps Node's. */
type PlatformRequest =
  | (IncomingMessage & { readonly route?: { readonly path?: unknown } })
  | {
      readonly raw: IncomingMessage
      readonly originalUrl: string
      readonly routeOptions: { readonly url?: string }
    }

/** The response of a platform, in the same way. */
type PlatformResponse =
  | ServerResponse
  | {
      readonly raw: ServerResponse
      code(status: number): unknown
      headers(headers: Readonly<Record<string, unknown>>): unknown
      getHeader(name: string): number | string | string[] | undefined
      send(body: unknown): unknown
    }

export function exchangeOf(request: PlatformRequest, response: PlatformResponse): NodeExchange {
  const raw = 'raw' in response ? response.raw : response
  if (!('raw' in request)) {
    const path = (): string | undefined => textOf(request.route?.path)
    return { request, response: raw, route: path, attachTo: request }
  }
  const { originalUrl: url, routeOptions } = request
  const route = (): string | undefined => routeOptions.url
  if (!('raw' in response)) return { request: request.raw, response: raw, url, route }
  const headers = {
    getHeader: (name: string): unknown => response.getHeader(name),
    setHeader: (name: string, value: string): unknown => response.headers({ [name]: value }),
  }
  return { request: request.raw, response: raw, url, route, headers }
}

function textOf(path: unknown): string | undefined {
  return typeof path === 'string' ? path : undefined
}

/** The request in the form that a resource server knows: Node's. */
export function rawRequest(request: object): object {
  return 'raw' in request ? (request.raw as object) : request
}

/** Puts the headers of a refusal on the response, so that they are sent whichever filter sends the body. */
export function setHeaders({ headers }: Pick<Reply, 'headers'>, response: PlatformResponse): void {
  const { 'Content-Type': _, ...others } = headers
  if ('raw' in response) response.headers(others)
  else for (const [name, value] of Object.entries(others)) response.setHeader(name, value)
}

/** Sends a reply as it is, through Fastify if that is the platform, so that its hooks see it. */
export function sendReply(reply: Reply, response: PlatformResponse): void {
  if (!('raw' in response) || response.raw.headersSent) {
    return sendNode(reply, 'raw' in response ? response.raw : response)
  }
  response.code(reply.status)
  response.headers(reply.headers)
  // Bytes, because Fastify adds a charset to JSON text, which this media type does not have.
  response.send(Buffer.from(reply.body))
}

/** The parts of Nest's HTTP adapters that serve something without a route. */
export interface HttpServer {
  getType(): string
  use(
    handler: (request: IncomingMessage, response: ServerResponse, next: () => void) => void,
  ): unknown
  getInstance<T>(): T
}

interface FastifyApp {
  addHook(
    name: 'onRequest',
    hook: (
      request: { readonly raw: IncomingMessage },
      response: PlatformResponse,
    ) => Promise<unknown>,
  ): unknown
}

type Serve = (
  request: ReturnType<typeof fromNode>,
) => { readonly action: 'reply'; readonly reply: Reply } | { readonly action: 'proceed' }

/** Serves the metadata before Nest's routes, so that neither a prefix nor a guard applies to it. */
export function serveBeforeRoutes(server: HttpServer, serve: Serve): void {
  if (server.getType() === 'fastify') {
    server.getInstance<FastifyApp>().addHook('onRequest', async ({ raw }, response) => {
      const result = serve(fromNode(raw))
      if (result.action === 'proceed') return undefined
      sendReply(result.reply, response)
      // A hook that returns the reply keeps Fastify from continuing to the route.
      return response
    })
    return
  }
  server.use((request, response, next) => {
    const result = serve(fromNode(request))
    if (result.action === 'proceed') next()
    else sendNode(result.reply, response)
  })
}
