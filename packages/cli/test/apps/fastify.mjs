import cors from '@fastify/cors'
import { resourceServer } from '@resource-server/fastify'
import fastify from 'fastify'

const handle = async (request) => ({ url: request.url })
const options = {
  issuer: 'https://as.example.com',
  audience: 'order-service',
  resource: 'https://orders.example.com',
  onRefusal: 'throw',
  log: 'off',
}

export async function createApp() {
  const app = fastify()
  app.get('/early', handle)
  await app.register(resourceServer, options)
  app.get('/orders/:id', { onRequest: app.requireScope('orders:read') }, handle)
  app.post('/orders', { preHandler: [app.requireScope('orders:write')] }, handle)
  app.register(
    async (admin) => {
      admin.addHook('onRequest', admin.requireAuthentication())
      admin.register(cors)
      admin.get('/users', handle)
      admin.setErrorHandler(function onError(error, request, reply) {
        reply.send({ error: error.message })
      })
      admin.register(async (nested) => nested.get('/nested', handle), { prefix: '/deep' })
      admin.addHook('onRequest', admin.resourceServer.metadata())
    },
    { prefix: '/admin' },
  )
  return app
}
