import { resourceServer, type ResourceServerOptions } from '@resource-server/fastify'
import fastify, { type FastifyInstance } from 'fastify'

const stock: ReadonlyMap<string, number> = new Map([['desk-lamp', 12]])

interface ById {
  readonly Params: { readonly id: string }
}

/** On Fastify. */
export async function inventoryService(options: ResourceServerOptions): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(resourceServer, options)
  app.addHook('onRequest', app.requireAudience('inventory-service'))

  // Stock is looked up by services, for somebody. Nobody comes here directly.
  const onRequest = [app.requireScope('read:items'), app.requireDelegated()]
  app.get<ById>('/items/:id', { onRequest }, async ({ params: { id } }) => {
    return { id, inStock: stock.get(id) ?? 0 }
  })

  return app
}
