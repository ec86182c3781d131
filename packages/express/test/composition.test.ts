import type express5 from 'express'
import { describe, expect, test, vi } from 'vitest'
import { ConfigError, type DecisionRecord, resourceServer } from '../src/index.ts'
import {
  bearer,
  handler,
  hosts,
  send,
  sendThrough,
  serve,
  startIssuer,
  withResolvers,
} from './support.ts'

const issuer = await startIssuer()
const base = { issuer: issuer.url, clock: issuer.clock }
const ordersToken = issuer.token({ aud: 'order-service', scope: 'orders:read' })
const stockToken = issuer.token({ aud: 'stock-service' })
const bothToken = issuer.token({ aud: ['order-service', 'stock-service'] })

describe.each(hosts)('on %s', (_host, express) => {
  describe('sub-routers with different audiences', () => {
    async function serveRouters() {
      const api = resourceServer(base)
      const showAudience: express5.RequestHandler = (req, res) =>
        void res.json([req.baseUrl, api.token(req).audience])
      const orderRouter = express
        .Router()
        .use(api.requireAudience('order-service'))
        .get('/', showAudience)
      const stockRouter = express
        .Router()
        .use(api.requireAudience('stock-service'))
        .get('/', showAudience)
      const app = express().use('/orders', orderRouter).use('/stock', stockRouter)
      app.use('/orders/stock', api.requireAudience('order-service'), stockRouter)
      return serve(app)
    }

    test.each([
      ['/orders', 'accepts', 'order-service', ordersToken, 200],
      ['/orders', 'refuses', 'stock-service', stockToken, 401],
      ['/orders', 'accepts', 'both services', bothToken, 200],
      ['/stock', 'accepts', 'stock-service', stockToken, 200],
      ['/stock', 'refuses', 'order-service', ordersToken, 401],
      ['/stock', 'accepts', 'both services', bothToken, 200],
    ])('%s %s a token for %s', async (path, _result, _audience, token, status) => {
      expect((await send(await serveRouters(), path, bearer(token))).status).toBe(status)
    })

    test('nested routers require a token for both services', async () => {
      const port = await serveRouters()
      const responses = [ordersToken, stockToken, bothToken].map((token) =>
        send(port, '/orders/stock', bearer(token)),
      )
      expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([401, 401, 200])
    })
  })

  describe('the order of guards', () => {
    const withAudience = { audience: 'order-service' } as const

    test('a later requireAudience must pass as well', async () => {
      const api = resourceServer({ ...base, ...withAudience })
      const guards = [api.requireScope('orders:read'), api.requireAudience('stock-service')]
      expect(await sendThrough(express, guards, bearer(ordersToken))).toMatchObject({
        status: 401,
        handled: 0,
      })
    })

    test('a scope guard before requireAudience results in 500 if no audience is configured', async () => {
      const api = resourceServer(base)
      const guards = [api.requireScope('orders:read'), api.requireAudience('order-service')]
      const response = await sendThrough(express, guards, bearer(ordersToken))
      expect(response).toMatchObject({ status: 500, handled: 0 })
    })

    test('a missing audience passes a ConfigError to the error handler', async () => {
      const errors: unknown[] = []
      const app = express().get('/', resourceServer(base).requireAuthentication(), handler())
      app.use(((error, _req, res, _next) => {
        errors.push(error)
        res.status(500).end()
      }) satisfies express5.ErrorRequestHandler)
      await send(await serve(app), '/', bearer(ordersToken))
      expect(errors).toEqual([expect.any(ConfigError)])
      expect(String(errors)).toContain("let requireAudience('order-service') run first")
    })

    test('a guard runs only for the routes after it, and before their handler', async () => {
      const api = resourceServer({ ...base, ...withAudience })
      const route = handler()
      const app = express().get('/', route).get('/later', api.requireAuthentication(), route)
      const port = await serve(app.use(api.requireScope('x')))
      expect((await send(port, '/later')).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })

    test('all guards of a request share one verification and one record', async () => {
      const { promise, resolve } = withResolvers<DecisionRecord>()
      const onDecision = vi.fn<(record: DecisionRecord) => void>(resolve)
      const api = resourceServer({ ...base, onDecision })
      const guards = [api.requireAudience('order-service'), api.requireScope('orders:read')]
      const { handled } = await sendThrough(express, [...guards, ...guards], bearer(ordersToken))
      expect(handled).toBe(1)
      expect((await promise).checks).toHaveLength(4)
      expect(onDecision).toHaveBeenCalledTimes(1)
    })
  })
})
