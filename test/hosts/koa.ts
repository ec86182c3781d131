import { Router } from '@koa/router'
import Koa3 from 'koa'
import Koa2 from 'koa-2'
import { resourceServer } from '@resource-server/koa'
import type { Host } from '@resource-server/testing/conformance'
import { running } from './listen.ts'

const host = (name: string, Koa: typeof Koa3): Host => ({
  name,
  async start({ options, routes, planted }) {
    const api = resourceServer(options)
    const router = new Router()
    for (const { method, path, guards, answer } of routes) {
      router.register(
        path,
        [method],
        [
          ...guards(api),
          (ctx) => {
            ctx.body = answer(() => api.token(ctx))
          },
        ],
      )
    }
    const app = new Koa()
    // Without it, Koa writes each error to stderr.
    app.silent = true
    if (planted)
      app.use((ctx, next) => {
        ctx.state.auth = planted
        return next()
      })
    if (options.resource) app.use(api.metadata())
    app.use(router.routes())
    return running(app.listen(0, '127.0.0.1'))
  },
})

export const koaHosts: readonly Host[] = [host('Koa 3', Koa3), host('Koa 2', Koa2)]
