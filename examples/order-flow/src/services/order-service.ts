import { Router } from '@koa/router'
import { resourceServer, type ResourceServerOptions } from '@resource-server/koa'
import Koa, { type Middleware } from 'koa'
import type { ExchangeToken } from './exchange.ts'
import { Orders } from './orders.ts'
import { badGateway, getJson } from './upstream.ts'

export interface OrderServiceOptions extends ResourceServerOptions {
  readonly inventoryUrl: string
  readonly exchangeToken: ExchangeToken
  /**
   * How tokens identify the service that exchanged them: as the actor (`act`) or only as the client.
   * Default: `'actor'`. Keycloak's standard token exchange does not write `act`.
   */
  readonly exchangerRole?: 'actor' | 'client'
}

/** Runs on Koa. */
export function orderService(options: OrderServiceOptions): Koa {
  const { inventoryUrl, exchangeToken, exchangerRole = 'actor', ...rest } = options
  const api = resourceServer(rest)
  const { requireAudience, requireScope, requireActor, requireClient } = api
  const requireCaller = exchangerRole === 'actor' ? requireActor : requireClient
  const orders = new Orders()

  const router = new Router({ prefix: '/orders' })
  router.use(requireAudience('order-service'), requireCaller('user-service'))

  router.get('/:id', requireScope('orders:read'), async (ctx) => {
    const { id = '' } = ctx.params
    const { raw, subject } = api.token(ctx)
    const order = orders.find(id, subject)
    if (!order) return
    const target = { audience: 'inventory-service', scope: 'read:items' }
    const token = await exchangeToken(raw, target)
    const item = await getJson(`${inventoryUrl}/items/${encodeURIComponent(order.item)}`, token)
    ctx.body = { id, item }
  })

  router.delete('/:id', requireScope('orders:write'), (ctx) => {
    const { id = '' } = ctx.params
    ctx.status = orders.cancel(id, api.token(ctx).subject) ? 204 : 404
  })

  const app = new Koa()
  app.use(handleUpstreamError)
  app.use(router.routes())
  return app
}

const handleUpstreamError: Middleware = async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    const problem = badGateway(error)
    ctx.status = problem.status
    ctx.body = problem
  }
}
