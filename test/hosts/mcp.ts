import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import {
  createGate,
  fromFetch,
  fromNode,
  type Gate,
  type Guard,
} from '@resource-server/core/adapter'
import type { Host, HostSetup, Route } from '@resource-server/testing/conformance'
// What `resourceServer` of the package returns, without the options that only MCP servers have: the suite also
// starts servers without a `resource`, and its routes have guards of their own.
import { protectFetch } from '../../packages/mcp/src/fetch.ts'
import { protectNode } from '../../packages/mcp/src/node.ts'
import type { Protection } from '../../packages/mcp/src/protection.ts'
import { listening } from './listen.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

const settings: Protection<object>['settings'] = {
  baseScopes: [],
  rules: { tools: new Map(), prompts: new Map(), resources: () => [] },
  sessions: { open: () => {}, belongsTo: () => false, end: () => {} },
}

/** The protection of each route, and of the path of the metadata. */
function protections({ options }: HostSetup) {
  const gate = createGate(options)
  const guards = gate.guards((guard) => guard)
  const protection = (given: readonly Guard[]): Protection<object> => ({
    gate,
    settings,
    guards: () => given,
    authInfo: () => ({}) as ReturnType<Protection<object>['authInfo']>,
    metadata: undefined,
    acceptParsedBody: false,
  })
  return { gate, guardsOf: (route: Route) => route.guards(guards), protection }
}

const isFor = (route: Route, method: string | undefined, path: string): boolean =>
  route.path === path && (route.method === method || (route.method === 'GET' && method === 'HEAD'))

const metadataOf = ({ options }: HostSetup, gate: Gate): Protection<object>['metadata'] =>
  options.resource === undefined ? undefined : gate.metadata().pass

const noHandler = (): never => {
  throw new Error('the metadata was not served')
}

const notFound: Listener = (_request, response) => {
  response.writeHead(404).end()
}

const pathIn = (url: string): string => new URL(url, 'http://api.test').pathname

export const mcpHosts: readonly Host[] = [
  {
    name: 'MCP on node:http',
    async start(setup) {
      const { gate, guardsOf, protection } = protections(setup)
      const routes = setup.routes.map((route) => {
        const given = guardsOf(route)
        const respond: Listener = (request, response) => {
          response.end(route.respond(() => gate.token(request)))
        }
        return {
          route,
          listener: given.length > 0 ? protectNode(protection(given), respond) : respond,
        }
      })
      const metadata = metadataOf(setup, gate)
      const document = protectNode({ ...protection([]), metadata }, noHandler)
      const server = createServer((request, response) => {
        const path = pathIn(request.url ?? '')
        const found = routes.find(({ route }) => isFor(route, request.method, path))
        const isDocument = metadata?.(fromNode(request)).action === 'reply'
        const listener = isDocument ? document : (found?.listener ?? notFound)
        try {
          listener(request, response)
        } catch {
          response.writeHead(500).end()
        }
      })
      return listening(server.listen(0, '127.0.0.1'))
    },
  },
  {
    name: 'MCP on a fetch host',
    hidesConnection: true,
    async start(setup) {
      const { gate, guardsOf, protection } = protections(setup)
      const routes = setup.routes.map((route) => {
        const given = guardsOf(route)
        const respond = (request: Request): Response =>
          new Response(route.respond(() => gate.token(request)))
        return {
          route,
          respond: given.length > 0 ? protectFetch(protection(given), respond) : respond,
        }
      })
      const metadata = metadataOf(setup, gate)
      const document = protectFetch({ ...protection([]), metadata }, noHandler)
      const app = new Hono().all('*', ({ req: { raw } }) => {
        const found = routes.find(({ route }) => isFor(route, raw.method, pathIn(raw.url)))
        const isDocument = metadata?.(fromFetch(raw)).action === 'reply'
        if (isDocument) return document(raw)
        return found ? found.respond(raw) : new Response(null, { status: 404 })
      })
      const { fetch } = app
      return listening(serve({ fetch, port: 0, hostname: '127.0.0.1' }) as Server)
    },
  },
]
