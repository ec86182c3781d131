import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono, type MiddlewareHandler } from 'hono'
import { resourceServer } from '@resource-server/fetch'
import { resourceServer as forHono } from '@resource-server/hono'
import type { Host } from '@resource-server/testing/conformance'
import { listening } from './listen.ts'

/** The package for Hono. */
export const honoPackageHost: Host = {
  name: 'Hono 4',
  hidesConnection: true,
  async start({ options, routes, spoofedAuth }) {
    const api = forHono(options)
    const app = new Hono<{ Variables: { token: unknown } }>()
    if (spoofedAuth) {
      app.use(async (context, next) => {
        context.set('token', spoofedAuth)
        await next()
      })
    }
    if (options.resource) app.use(api.metadata())
    for (const { method, path, guards, respond } of routes) {
      const required = guards<MiddlewareHandler>(api)
      for (const guard of required) app.on(method, path, guard)
      app.on(method, path, (context) => context.text(respond(() => api.token(context))))
    }
    return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
  },
}

export const honoHost: Host = {
  name: 'fetch with Hono',
  hidesConnection: true,
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
