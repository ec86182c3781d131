import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { resourceServer } from '@resource-server/fastify'
import type { Host } from '@resource-server/testing/conformance'

export const fastifyHost: Host = {
  name: 'Fastify 5',
  async start({ options, routes, planted }) {
    const app = fastify({ forceCloseConnections: true })
    await app.register(resourceServer, options)
    if (planted)
      app.addHook('onRequest', async (request) => {
        Object.defineProperty(request, 'auth', { value: planted, configurable: true })
      })
    if (options.resource) app.addHook('onRequest', app.resourceServer.metadata())
    for (const { method, path, guards, answer } of routes) {
      app.route({
        method,
        url: path,
        onRequest: [...guards(app)],
        handler: (request, reply) => reply.type('text/plain').send(answer(() => request.auth)),
      })
    }
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}
