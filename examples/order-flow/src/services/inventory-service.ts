import { resourceServer, type ResourceServerOptions } from '@resource-server/express'
import '@resource-server/express/augment'
import express, { type Express } from 'express'

const stock: ReadonlyMap<string, number> = new Map([['desk-lamp', 12]])

export function inventoryService(options: ResourceServerOptions): Express {
  const { requireAudience, requireScope, requireDelegated } = resourceServer(options)

  const app = express()
  app.use(requireAudience('inventory-service'))

  // Stock is looked up by services, for somebody. Nobody comes here directly.
  app.get('/items/:id', requireScope('read:items'), requireDelegated(), (req, res) => {
    res.json({ id: req.params.id, inStock: stock.get(req.params.id) ?? 0 })
  })

  return app
}
