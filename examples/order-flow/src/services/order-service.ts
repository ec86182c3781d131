import { Router } from '@koa/router'
import { nextHop, type NextHopOptions } from '@resource-server/exchange'
import { resourceServer, type ResourceServerOptions } from '@resource-server/koa'
import Koa from 'koa'
import { Orders } from './orders.ts'

export interface OrderServiceOptions extends ResourceServerOptions {
  readonly issuer: string
  /** The origin of inventory-service. */
  readonly inventoryUrl: string
  readonly clientSecret: string
  /** Other options for the exchange of tokens. */
  readonly exchange?: Partial<NextHopOptions>
  /**
   * How tokens identify the service that exchanged them: as the actor (`act`) or only as the client.
   * Default: `'actor'`. Keycloak's standard token exchange does not write `act`.
   */
  readonly exchangerRole?: 'actor' | 'client'
}

/** Runs on Koa. */
export function orderService(options: OrderServiceOptions): Koa {
  const { inventoryUrl, clientSecret, exchange, exchangerRole = 'actor', ...rest } = options
  const api = resourceServer(rest)
  const { requireAudience, requireScope, requireActor, requireClient } = api
  const requireCaller = exchangerRole === 'actor' ? requireActor : requireClient
  const inventory = nextHop({
    issuer: rest.issuer,
    client: { id: 'order-service', secret: clientSecret },
    audience: 'inventory-service',
    scope: 'read:items',
    origin: inventoryUrl,
    ...exchange,
  })
  const orders = new Orders()

  const router = new Router({ prefix: '/orders' })
  router.use(requireAudience('order-service'), requireCaller('user-service'))

  // If there is no token for inventory-service, Koa sends the status and the headers of the error.
  router.get('/:id', requireScope('orders:read'), async (ctx) => {
    const { id = '' } = ctx.params
    const token = api.token(ctx)
    const order = orders.find(id, token.subject)
    if (!order) return
    const path = `/items/${encodeURIComponent(order.item)}`
    const response = inventory.relay(await inventory.fetch(token, path))
    ctx.body = { id, item: response.ok ? await response.json() : undefined }
  })

  router.delete('/:id', requireScope('orders:write'), (ctx) => {
    const { id = '' } = ctx.params
    ctx.status = orders.cancel(id, api.token(ctx).subject) ? 204 : 404
  })

  const app = new Koa()
  // Koa sends the status and the headers of a HopError. It need not print them.
  app.silent = true
  app.use(router.routes())
  return app
}
