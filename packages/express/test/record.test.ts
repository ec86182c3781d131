import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type DecisionRecord, resourceServer } from '../src/index.ts'
import { describe, expect, test } from 'vitest'
import { bearer, handler, hosts, send, serve, startIssuer, withResolvers } from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' } as const

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

  test('contains the route pattern if Express has matched the route', async () => {
    const records: DecisionRecord[] = []
    const api = resourceServer({ ...options, onDecision: (record) => records.push(record) })
    const router = express.Router()
    router.get('/:id', api.requireScope('orders:read'), handler())
    router.delete('/:id', api.requireScope('orders:write'), handler())
    const app = express().use('/orders', api.requireAudience('order-service'), router)
    const port = await serve(app)
    await send(port, '/orders/4711?secret=1', bearer(token))
    await send(port, '/orders/4711', bearer(token), 'DELETE')
    await send(port, '/orders/4711')
    const path = '/orders/4711'
    expect(records.map(({ request }) => request)).toEqual([
      { method: 'GET', path, route: '/orders/:id' },
      { method: 'DELETE', path, route: '/orders/:id' },
      { method: 'GET', path },
    ])
  })
})
