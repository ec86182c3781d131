import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express5 from 'express'
import express4 from 'express-4'
import { resourceServer } from '@resource-server/express'
import type { Host } from '@resource-server/testing/conformance'

const methods = { GET: 'get', POST: 'post', OPTIONS: 'options' } as const

const host = (name: string, express: typeof express5): Host => ({
  name,
  async start({ options, routes, planted }) {
    const api = resourceServer(options)
    const app = express()
    // Without it, Express writes each error to stderr.
    app.set('env', 'test')
    if (planted)
      app.use((req, _res, next) => next(Object.assign(req, { auth: planted }) && undefined))
    if (options.resource) app.use(api.metadata())
    for (const { method, path, guards, answer } of routes) {
      app[methods[method]](path, ...guards(api), (req, res) => {
        res.type('text').send(answer(() => api.token(req)))
      })
    }
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      async close() {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    }
  },
})

export const expressHosts: readonly Host[] = [
  host('Express 5', express5),
  host('Express 4', express4),
]
