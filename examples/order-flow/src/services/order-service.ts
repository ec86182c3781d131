import { resourceServer, type ResourceServerOptions } from '@resource-server/express'
import '@resource-server/express/augment'
import express, { type Express } from 'express'
import type { ExchangeToken } from './exchange.ts'
import { Orders } from './orders.ts'
import { badGateway, getJson } from './upstream.ts'

export interface OrderServiceOptions extends ResourceServerOptions {
  readonly inventoryUrl: string
  readonly exchangeToken: ExchangeToken
}

export function orderService(options: OrderServiceOptions): Express {
  const { inventoryUrl, exchangeToken, ...rest } = options
  const { requireAudience, requireScope, requireActor } = resourceServer(rest)
  const orders = new Orders()

  const app = express()
  app.use('/orders', requireAudience('order-service'), requireActor('user-service'))

  app.get('/orders/:id', requireScope('orders:read'), async (req, res) => {
    const order = orders.find(req.params.id, req.auth.subject)
    if (!order) {
      res.sendStatus(404)
      return
    }
    const target = { audience: 'inventory-service', scope: 'read:items' }
    const token = await exchangeToken(req.auth.raw, target)
    const item = await getJson(`${inventoryUrl}/items/${encodeURIComponent(order.item)}`, token)
    res.json({ id: req.params.id, item })
  })

  app.delete('/orders/:id', requireScope('orders:write'), (req, res) => {
    res.sendStatus(orders.cancel(req.params.id, req.auth.subject) ? 204 : 404)
  })

  app.use(badGateway)
  return app
}
