import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { resourceServer } from '@resource-server/fetch'
import type { Host } from '@resource-server/testing/conformance'
import { running } from './listen.ts'

export const honoHost: Host = {
  name: 'fetch with Hono',
  async start({ options, routes }) {
    const api = resourceServer(options)
    const app = new Hono()
    if (options.resource) {
      const metadata = api.metadata()
      app.use((context, next) => Promise.resolve(metadata(context.req.raw) ?? next()))
    }
    for (const { method, path, guards, answer } of routes) {
      const handler = (request: Request): Response => new Response(answer(() => api.token(request)))
      const asked = guards(api)
      const guarded = asked.length > 0 ? api.protect(handler, ...asked) : handler
      app.on(method, path, (context) => guarded(context.req.raw))
    }
    return running(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
  },
}
