import { Router } from '@koa/router'
import { resourceServer } from '@resource-server/koa'
import cors from '@koa/cors'
import Koa from 'koa'

export function createApp() {
  const api = resourceServer({
    issuer: 'https://as.example.com',
    audience: 'order-service',
    resource: 'https://orders.example.com',
    onRefusal: 'throw',
    log: 'off',
  })
  const handle = (ctx) => {
    ctx.body = { path: ctx.path }
  }

  const app = new Koa()
  app.use(api.metadata())
  app.use(async function onError(ctx, next) {
    try {
      await next()
    } catch (error) {
      ctx.body = { error: error.message }
    }
  })

  const open = new Router()
  open.get('/health', handle)
  open.post('/orders', handle, api.requireScope('orders:write'))
  app.use(open.routes())

  const orders = new Router({ prefix: '/orders' })
  orders.use(api.requireAudience('order-service'))
  orders.get('/:id', api.requireScope('orders:read'), handle)
  const lines = new Router()
  lines.get('/:line', handle)
  orders.use('/:id/lines', lines.routes())
  app.use(orders.routes())

  // A router runs only if one of its routes matches.
  const other = new Router()
  other.use(api.requireDirect())
  other.get('/other', handle)
  const free = new Router()
  free.get('/free', handle)
  app.use(other.routes()).use(free.routes())

  app.use(cors())
  app.use(api.requireAuthentication())
  const items = new Router()
  items.all('/items/:id', handle)
  app.use(items.routes())
  return app
}
