import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { resourceServer } from '@resource-server/fastify'
import type { Host } from '@resource-server/testing/conformance'

export const fastifyHost: Host = {
  name: 'Fastify 5',
  async start({ options, routes, spoofedAuth }) {
    const app = fastify({ forceCloseConnections: true })
    await app.register(resourceServer, options)
    if (spoofedAuth) {
      app.addHook('onRequest', async (request) => {
        Object.defineProperty(request, 'auth', { value: spoofedAuth, configurable: true })
      })
    }
    if (options.resource) app.addHook('onRequest', app.resourceServer.metadata())
    for (const { method, path, guards, respond } of routes) {
      app.route({
        method,
        url: path,
        onRequest: [...guards(app)],
        handler: (request, reply) => reply.type('text/plain').send(respond(() => request.auth)),
      })
    }
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}
