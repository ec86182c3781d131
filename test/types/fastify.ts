import resourceServerPlugin, { resourceServer } from '@resource-server/fastify'
import fastify, { type FastifyRequest } from 'fastify'

// The user's claims, by declaration merging.
declare module '@resource-server/fastify' {
  interface AuthTypes {
    readonly claims: { readonly tenant: string }
  }
}

const app = fastify()
await app.register(resourceServer, { issuer: 'https://as.example.com', audience: 'order-service' })
await app.register(resourceServerPlugin, { issuer: 'https://as.example.com' })
// @ts-expect-error an option that does not exist is a mistake, not a wish
await app.register(resourceServer, { issuer: 'https://as.example.com', audiance: 'x' })

interface Route {
  Params: { id: string }
  Body: { sku: string }
  Reply: { 200: { id: string; tenant: string } }
}
// Behind a guard the route's own types stay what they are.
app.post<Route>(
  '/orders/:id',
  { onRequest: app.requireScope('orders:write') },
  async (request, reply) => {
    const id: string = request.params.id
    const sku: string = request.body.sku
    // @ts-expect-error there is no such parameter
    const order: string = request.params.order
    const { tenant } = request.auth.claims
    // @ts-expect-error a claim that nobody named is unknown
    const department: string = request.auth.claims['department']
    return reply.code(200).send({ id: id + sku + order + department, tenant })
  },
)
const both = { onRequest: [app.requireAudience('order-service'), app.requireDelegated()] }
app.get('/both', both, async ({ auth }: FastifyRequest) => auth.actor?.subject)
app.addHook('onRequest', app.requireAuthentication())
app.get(
  '/later',
  { preHandler: app.requirePolicy(({ claims }) => claims.tenant === 'a') },
  async () => 'in',
)

// @ts-expect-error a guard must be made before it can guard
app.get('/forgotten', { onRequest: app.requireScope }, async () => 'in')
// @ts-expect-error nobody may write to the token of a request
app.get('/written', async (request) => (request.auth = undefined))
