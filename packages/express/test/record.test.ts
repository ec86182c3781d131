import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type DecisionRecord, resourceServer } from '../src/index.ts'
import { describe, expect, test } from 'vitest'
import { ask, bearer, handler, hosts, serve, startIssuer, withResolvers } from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' } as const

/** A client in a thread of its own: it gets its answer also while this thread is blocked. */
const client = `
  const { workerData: { port, token, answered } } = require('node:worker_threads')
  const headers = { authorization: 'Bearer ' + token }
  fetch('http://127.0.0.1:' + port, { headers }).then((answer) => answer.text()).then(() => {
    Atomics.store(answered, 0, 1)
    Atomics.notify(answered, 0)
  })`

describe.each(hosts)('a record on $host', ({ express }) => {
  test.each([
    ['granted', token],
    ['refused', 'no token'.replace(' ', '.')],
    ['refused for its scope', issuer.token({ aud: 'order-service' })],
  ])('comes after the answer, so that one that blocks delays nobody: %s', async (_what, sent) => {
    const answered = new Int32Array(new SharedArrayBuffer(4))
    const { promise, resolve } = withResolvers<string>()
    // Blocks the thread until the client has its answer, which never comes if it waits for this.
    const onDecision = (): void => resolve(Atomics.wait(answered, 0, 0, 10_000))
    const api = resourceServer({ ...options, onDecision })
    const port = await serve(express().get('/', api.requireScope('orders:read'), handler()))
    const worker = new Worker(client, { eval: true, workerData: { port, token: sent, answered } })
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
    ['never ends', () => new Promise(() => {})],
  ])('changes no answer where its sink %s', async (_what, onDecision) => {
    const api = resourceServer({ ...options, onDecision })
    const port = await serve(express().get('/', api.requireScope('orders:read'), handler()))
    expect(await ask(port, '/', bearer(token))).toMatchObject({ status: 200, body: 'in' })
    expect(await ask(port, '/')).toMatchObject({ status: 401 })
  })

  test('has the pattern of the route, once Express has found it', async () => {
    const records: DecisionRecord[] = []
    const api = resourceServer({ ...options, onDecision: (record) => records.push(record) })
    const router = express.Router()
    router.get('/:id', api.requireScope('orders:read'), handler())
    router.delete('/:id', api.requireScope('orders:write'), handler())
    const app = express().use('/orders', api.requireAudience('order-service'), router)
    const port = await serve(app)
    await ask(port, '/orders/4711?secret=1', bearer(token))
    await ask(port, '/orders/4711', bearer(token), 'DELETE')
    await ask(port, '/orders/4711')
    const path = '/orders/4711'
    expect(records.map(({ request }) => request)).toEqual([
      { method: 'GET', path, route: '/orders/:id' },
      { method: 'DELETE', path, route: '/orders/:id' },
      { method: 'GET', path },
    ])
  })
})
