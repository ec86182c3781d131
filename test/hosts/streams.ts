import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Router } from '@koa/router'
import express5 from 'express'
import express4 from 'express-4'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa3 from 'koa'
import Koa2 from 'koa-2'
import type { ResourceServerOptions } from '@resource-server/core'
import { resourceServer as forExpress } from '@resource-server/express'
import { resourceServer as forFastify } from '@resource-server/fastify'
import { resourceServer as forFetch } from '@resource-server/fetch'
import { resourceServer as forKoa } from '@resource-server/koa'
import { watchResponse, watchStream } from '@resource-server/revocation'
import type { RunningHost } from '@resource-server/testing/conformance'
import { listening } from './listen.ts'

// Server-sent events on every host, at `/events`. Each stream starts with an event, and its handler goes on writing.

const type = { 'content-type': 'text/event-stream' }
const first = 'data: first\n\n'
const late = 'data: late\n\n'

interface Writable {
  write(text: string): unknown
  once(event: 'finish' | 'close', listener: () => void): unknown
}

/** A handler that does not know that its token has ended. */
function writeEvents(response: Writable): void {
  response.write(first)
  for (const event of ['finish', 'close'] as const) {
    response.once(event, () => void response.write(late))
  }
}

const onExpress =
  (express: typeof express5) =>
  (options: ResourceServerOptions): Promise<RunningHost> => {
    const api = forExpress(options)
    const app = express()
    app.get('/events', api.requireAuthentication(), (req, res) => {
      res.writeHead(200, type)
      watchResponse(api, res, api.token(req))
      writeEvents(res)
    })
    return listening(app.listen(0, '127.0.0.1'))
  }

const onKoa =
  (Koa: typeof Koa3) =>
  (options: ResourceServerOptions): Promise<RunningHost> => {
    const api = forKoa(options)
    const router = new Router()
    router.get('/events', api.requireAuthentication(), (ctx) => {
      ctx.respond = false
      ctx.res.writeHead(200, type)
      watchResponse(api, ctx.res, api.token(ctx))
      writeEvents(ctx.res)
    })
    return listening(new Koa().use(router.routes()).listen(0, '127.0.0.1'))
  }

async function onFastify(options: ResourceServerOptions): Promise<RunningHost> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(forFastify, options)
  app.get('/events', { onRequest: app.requireAuthentication() }, (request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, type)
    watchResponse(app.resourceServer, reply.raw, request.auth)
    writeEvents(reply.raw)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

function onHono(options: ResourceServerOptions): Promise<RunningHost> {
  const api = forFetch(options)
  const app = new Hono()
  app.get('/events', async (context) => {
    const auth = await api.authenticate(context.req.raw, api.requireAuthentication())
    if (!auth.ok) return auth.response
    const events = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(first)),
    })
    return new Response(watchStream(api, events, auth.token), { headers: type })
  })
  return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
}

/** By the names of the hosts. */
export const startStream: Readonly<
  Record<string, (options: ResourceServerOptions) => Promise<RunningHost>>
> = {
  'Express 5': onExpress(express5),
  'Express 4': onExpress(express4),
  'Koa 3': onKoa(Koa3),
  'Koa 2': onKoa(Koa2),
  'Fastify 5': onFastify,
  'fetch with Hono': onHono,
  // These adapters pass the response of another host to their handlers.
  'Hono 4': onHono,
  'MCP on node:http': onExpress(express5),
  'MCP on a fetch host': onHono,
  'NestJS 12 on Express': onExpress(express5),
  'NestJS 12 on Fastify': onFastify,
}
