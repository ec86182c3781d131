import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import express5 from 'express'
import { describe, expect, test } from 'vitest'
import {
  type DecisionRecord,
  type ResourceServer,
  resourceServer,
  type ResourceServerOptions,
} from '../src/index.ts'
import { bearer, handler, hosts, send, serve, startIssuer, withResolvers } from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' } as const

interface RecordedOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly overrides?: Partial<ResourceServerOptions>
}

/** A client in another thread. It receives its response even while this thread is blocked. */
const clientScript = `
  const { workerData: { port, token, responded } } = require('node:worker_threads')
  const headers = { authorization: 'Bearer ' + token }
  fetch('http://127.0.0.1:' + port, { headers }).then((response) => response.text()).then(() => {
    Atomics.store(responded, 0, 1)
    Atomics.notify(responded, 0)
  })`

describe.each(hosts)('a decision record on %s', (_host, express) => {
  test.each([
    ['a granted request', token],
    ['a request with a malformed token', 'no.token'],
    ['a request without the scope', issuer.token({ aud: 'order-service' })],
  ])('is written after the response to %s', async (_title, sent) => {
    const responded = new Int32Array(new SharedArrayBuffer(4))
    const { promise, resolve } = withResolvers<string>()
    // Blocks this thread until the client has its response. If the response waited for onDecision, this
    // would time out.
    const onDecision = (): void => resolve(Atomics.wait(responded, 0, 0, 10_000))
    const api = resourceServer({ ...options, onDecision })
    const port = await serve(express().get('/', api.requireScope('orders:read'), handler()))
    const worker = new Worker(clientScript, {
      eval: true,
      workerData: { port, token: sent, responded },
    })
    expect(['ok', 'not-equal']).toContain(await promise)
    await once(worker, 'exit')
  })

  test.each<readonly [string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
    ['never settles', () => new Promise(() => {})],
  ])('does not change the response if onDecision %s', async (_title, onDecision) => {
    const api = resourceServer({ ...options, onDecision })
    const port = await serve(express().get('/', api.requireScope('orders:read'), handler()))
    expect(await send(port, '/', bearer(token))).toMatchObject({ status: 200, body: 'in' })
    expect(await send(port, '/')).toMatchObject({ status: 401 })
  })

  describe('the route', () => {
    /** Sends one request through the guard and returns what its record says about the request. */
    async function recordedRequest(
      define: (api: ResourceServer, app: express5.Application) => void,
      path: string,
      { headers = { ...bearer(token) }, overrides = {} }: RecordedOptions = {},
    ) {
      const records: DecisionRecord[] = []
      const onDecision = (record: DecisionRecord) => void records.push(record)
      const app = express().set('env', 'test')
      define(resourceServer({ ...options, ...overrides, onDecision }), app)
      await send(await serve(app), path, headers)
      await new Promise((resolve) => setImmediate(resolve))
      expect(records).toHaveLength(1)
      return records[0]?.request
    }

    test('is the pattern of the matched route, whatever guard ran first', async () => {
      const request = await recordedRequest((api, app) => {
        app.use('/orders', api.requireAudience('order-service'))
        app.get('/orders/:id', api.requireScope('orders:read'), handler())
      }, '/orders/4711/?secret=1')
      expect(request).toEqual({ method: 'GET', path: '/orders/4711/', route: '/orders/:id' })
    })

    test('is absent before Express has matched a route', async () => {
      const request = await recordedRequest(
        (api, app) => {
          app.use('/orders', api.requireAudience('order-service'))
          app.get('/orders/:id', handler())
        },
        '/orders/4711',
        { headers: {} },
      )
      expect(request).toEqual({ method: 'GET', path: '/orders/4711' })
    })

    const wildcard = express === express5 ? '/orders/*rest' : '/orders/*'
    test.each<readonly [string, string | RegExp | string[], string | undefined]>([
      ['is a pattern with a wildcard as written', wildcard, wildcard],
      ['is a regular expression as written', /^\/orders\/(\d+)$/, '/^\\/orders\\/(\\d+)$/'],
      ['is absent for a list of patterns', ['/orders/:id', '/o/:id'], undefined],
    ])('%s', async (_title, pattern, route) => {
      const request = await recordedRequest((api, app) => {
        app.get(pattern, api.requireScope('orders:read'), handler())
      }, '/orders/4711')
      expect(request).toEqual({ method: 'GET', path: '/orders/4711', ...(route && { route }) })
    })

    test.each<readonly [string, (api: ResourceServer) => readonly express5.RequestHandler[]]>([
      ['a handler that responds', () => [handler()]],
      ['a handler that responds and continues', () => [(_req, res, next) => (res.end(), next())]],
      [
        'a handler that fails',
        () => [
          () => {
            throw new Error('sold out')
          },
        ],
      ],
      ['a guard that refuses', (api) => [api.requireScope('orders:delete'), handler()]],
    ])('is absent below a mount path with %s', async (_title, handlers) => {
      for (const onRefusal of ['reply', 'throw'] as const) {
        // oxlint-disable-next-line no-await-in-loop -- one request at a time
        const request = await recordedRequest(
          (api, app) => {
            const router = express.Router().use(api.requireAudience('order-service'))
            router.get('/orders/:id', ...handlers(api))
            app.use('/users/:user', router)
          },
          '/users/alice@example.com/orders/4711',
          { overrides: { onRefusal, records: { pseudonymKey: 'k'.repeat(32) } } },
        )
        expect(request).toEqual({ method: 'GET' })
      }
    })
  })
})
