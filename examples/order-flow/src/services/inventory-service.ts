import { resourceServer, type ResourceServerOptions } from '@resource-server/fastify'
import fastify, { type FastifyInstance } from 'fastify'

const stock: ReadonlyMap<string, number> = new Map([['desk-lamp', 12]])

interface ById {
  readonly Params: { readonly id: string }
}

export interface InventoryServiceOptions extends ResourceServerOptions {
  /** How tokens name who exchanged them. Keycloak's standard exchange writes no actor. */
  readonly exchangeShows?: 'actor' | 'client'
}

/** On Fastify. */
export async function inventoryService(options: InventoryServiceOptions): Promise<FastifyInstance> {
  const { exchangeShows = 'actor', ...rest } = options
  const app = fastify()
  await app.register(resourceServer, rest)
  app.addHook('onRequest', app.requireAudience('inventory-service'))

  // Stock is looked up by services, for somebody. Nobody comes here directly.
  const delegated =
    exchangeShows === 'actor' ? app.requireDelegated() : app.requireClient('order-service')
  const onRequest = [app.requireScope('read:items'), delegated]
  app.get<ById>('/items/:id', { onRequest }, async ({ params: { id } }) => {
    return { id, inStock: stock.get(id) ?? 0 }
  })

  return app
}
