import express5 from 'express'
import express4 from 'express-4'
import { resourceServer } from '@resource-server/express'
import type { Host } from '@resource-server/testing/conformance'
import { listening } from './listen.ts'

const methods = { GET: 'get', POST: 'post', OPTIONS: 'options' } as const

const createHost = (name: string, express: typeof express5): Host => ({
  name,
  async start({ options, routes, spoofedAuth }) {
    const api = resourceServer(options)
    const app = express()
    // Prevents Express from writing each error to stderr.
    app.set('env', 'test')
    if (spoofedAuth) {
      app.use((req, _res, next) => {
        Object.assign(req, { auth: spoofedAuth })
        next()
      })
    }
    if (options.resource) app.use(api.metadata())
    for (const { method, path, guards, respond } of routes) {
      app[methods[method]](path, ...guards(api), (req, res) => {
        res.type('text').send(respond(() => api.token(req)))
      })
    }
    return listening(app.listen(0, '127.0.0.1'))
  },
})

export const expressHosts: readonly Host[] = [
  createHost('Express 5', express5),
  createHost('Express 4', express4),
]
