import type express5 from 'express'
import { describe, expect, test, vi } from 'vitest'
import { ConfigError, type DecisionRecord, resourceServer } from '../src/index.ts'
import {
  ask,
  bearer,
  handler,
  hosts,
  serve,
  startIssuer,
  through,
  withResolvers,
} from './support.ts'

const issuer = await startIssuer()
const base = { issuer: issuer.url, clock: issuer.clock }
const orders = issuer.token({ aud: 'order-service', scope: 'orders:read' })
const stock = issuer.token({ aud: 'stock-service' })
const both = issuer.token({ aud: ['order-service', 'stock-service'] })

describe.each(hosts)('on $host', ({ express }) => {
  describe('sub-routers with different audiences', () => {
    async function serveBoth() {
      const api = resourceServer(base)
      const say: express5.RequestHandler = (req, res) =>
        void res.json([req.baseUrl, api.token(req).audience])
      const orderRouter = express.Router().use(api.requireAudience('order-service')).get('/', say)
      const stockRouter = express.Router().use(api.requireAudience('stock-service')).get('/', say)
      const app = express().use('/orders', orderRouter).use('/stock', stockRouter)
      app.use('/orders/stock', api.requireAudience('order-service'), stockRouter)
      return serve(app)
    }

    test.each([
      ['/orders', orders, 200],
      ['/orders', stock, 401],
      ['/orders', both, 200],
      ['/stock', stock, 200],
      ['/stock', orders, 401],
      ['/stock', both, 200],
    ])('GET %s', async (path, token, status) => {
      expect((await ask(await serveBoth(), path, bearer(token))).status).toBe(status)
    })

    test('one behind the other want both', async () => {
      const port = await serveBoth()
      const answers = [orders, stock, both].map((token) =>
        ask(port, '/orders/stock', bearer(token)),
      )
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 401, 200])
    })
  })

  describe('the order of guards', () => {
    const stages = { audience: 'order-service' } as const

    test('an audience later must hold as well', async () => {
      const api = resourceServer({ ...base, ...stages })
      const guards = [api.requireScope('orders:read'), api.requireAudience('stock-service')]
      expect(await through(express, guards, bearer(orders))).toMatchObject({
        status: 401,
        handled: 0,
      })
    })

    test('an audience later is too late where none was known', async () => {
      const api = resourceServer(base)
      const guards = [api.requireScope('orders:read'), api.requireAudience('order-service')]
      const answer = await through(express, guards, bearer(orders))
      expect(answer).toMatchObject({ status: 500, handled: 0 })
    })

    test('a forgotten audience is a ConfigError for the log', async () => {
      const logged: unknown[] = []
      const app = express().get('/', resourceServer(base).requireAuthentication(), handler())
      app.use(((error, _req, res, _next) => {
        logged.push(error)
        res.status(500).end()
      }) satisfies express5.ErrorRequestHandler)
      await ask(await serve(app), '/', bearer(orders))
      expect(logged).toEqual([expect.any(ConfigError)])
      expect(String(logged)).toContain("let requireAudience('order-service') run first")
    })

    test('a guard after the handler never runs, one before it always does', async () => {
      const api = resourceServer({ ...base, ...stages })
      const route = handler()
      const app = express().get('/', route).get('/later', api.requireAuthentication(), route)
      const port = await serve(app.use(api.requireScope('x')))
      expect((await ask(port, '/later')).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })

    test('all guards of a request share one verification and one record', async () => {
      const { promise, resolve } = withResolvers<DecisionRecord>()
      const onDecision = vi.fn<(record: DecisionRecord) => void>(resolve)
      const api = resourceServer({ ...base, onDecision })
      const guards = [api.requireAudience('order-service'), api.requireScope('orders:read')]
      const { handled } = await through(express, [...guards, ...guards], bearer(orders))
      expect(handled).toBe(1)
      expect((await promise).checks).toHaveLength(4)
      expect(onDecision).toHaveBeenCalledTimes(1)
    })
  })
})
