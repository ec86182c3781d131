import { resourceServer, type ResourceServerOptions } from '@resource-server/fastify'
import fastify, { type FastifyInstance } from 'fastify'

const stock: ReadonlyMap<string, number> = new Map([['desk-lamp', 12]])

interface ById {
  readonly Params: { readonly id: string }
}

export interface InventoryServiceOptions extends ResourceServerOptions {
  /**
   * How tokens identify the service that exchanged them: as the actor (`act`) or only as the client.
   * Default: `'actor'`. Keycloak's standard token exchange does not write `act`.
   */
  readonly exchangerRole?: 'actor' | 'client'
}

/** Runs on Fastify. */
export async function inventoryService(options: InventoryServiceOptions): Promise<FastifyInstance> {
  const { exchangerRole = 'actor', ...rest } = options
  const app = fastify()
  await app.register(resourceServer, rest)
  app.addHook('onRequest', app.requireAudience('inventory-service'))

  // Users do not call this service directly. Another service calls it for them.
  const requireExchange =
    exchangerRole === 'actor' ? app.requireDelegated() : app.requireClient('order-service')
  const onRequest = [app.requireScope('read:items'), requireExchange]
  app.get<ById>('/items/:id', { onRequest }, async ({ params: { id } }) => {
    return { id, inStock: stock.get(id) ?? 0 }
  })

  return app
}
