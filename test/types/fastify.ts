import resourceServerPlugin, { resourceServer } from '@resource-server/fastify'
import fastify, { type FastifyRequest } from 'fastify'

// The claims are declared by declaration merging.
declare module '@resource-server/fastify' {
  interface AuthTypes {
    readonly claims: { readonly tenant: string }
  }
}

const app = fastify()
await app.register(resourceServer, { issuer: 'https://as.example.com', audience: 'order-service' })
await app.register(resourceServerPlugin, { issuer: 'https://as.example.com' })
// @ts-expect-error an unknown option
await app.register(resourceServer, { issuer: 'https://as.example.com', audiance: 'x' })

interface Route {
  Params: { id: string }
  Body: { sku: string }
  Reply: { 200: { id: string; tenant: string } }
}
// A guard keeps the types of the route.
app.post<Route>(
  '/orders/:id',
  { onRequest: app.requireScope('orders:write') },
  async (request, reply) => {
    const id: string = request.params.id
    const sku: string = request.body.sku
    // @ts-expect-error the route does not have this parameter
    const order: string = request.params.order
    const { tenant } = request.auth.claims
    // @ts-expect-error an undeclared claim is unknown
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

// @ts-expect-error requireScope must be called: it returns the guard
app.get('/forgotten', { onRequest: app.requireScope }, async () => 'in')
// @ts-expect-error the token of a request is read-only
app.get('/written', async (request) => (request.auth = undefined))
