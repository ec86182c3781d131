import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { resourceServer } from '@resource-server/fetch'
import type { Host } from '@resource-server/testing/conformance'
import { listening } from './listen.ts'

export const honoHost: Host = {
  name: 'fetch with Hono',
  async start({ options, routes }) {
    const api = resourceServer(options)
    const app = new Hono()
    if (options.resource) {
      const metadata = api.metadata()
      app.use((context, next) => Promise.resolve(metadata(context.req.raw) ?? next()))
    }
    for (const { method, path, guards, respond } of routes) {
      const handler = (request: Request): Response =>
        new Response(respond(() => api.token(request)))
      const required = guards(api)
      const guarded = required.length > 0 ? api.protect(handler, ...required) : handler
      app.on(method, path, (context) => guarded(context.req.raw))
    }
    return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
  },
}
