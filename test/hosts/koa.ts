import { Router } from '@koa/router'
import Koa3 from 'koa'
import Koa2 from 'koa-2'
import { resourceServer } from '@resource-server/koa'
import type { Host } from '@resource-server/testing/conformance'
import { listening } from './listen.ts'

const createHost = (name: string, Koa: typeof Koa3): Host => ({
  name,
  async start({ options, routes, spoofedAuth }) {
    const api = resourceServer(options)
    const router = new Router()
    for (const { method, path, guards, respond } of routes) {
      router.register(
        path,
        [method],
        [
          ...guards(api),
          (ctx) => {
            ctx.body = respond(() => api.token(ctx))
          },
        ],
      )
    }
    const app = new Koa()
    // Prevents Koa from writing each error to stderr.
    app.silent = true
    if (spoofedAuth) {
      app.use((ctx, next) => {
        ctx.state.auth = spoofedAuth
        return next()
      })
    }
    if (options.resource) app.use(api.metadata())
    app.use(router.routes())
    return listening(app.listen(0, '127.0.0.1'))
  },
})

export const koaHosts: readonly Host[] = [createHost('Koa 3', Koa3), createHost('Koa 2', Koa2)]
