import { resourceServer as express } from '@resource-server/express'
import { resourceServer as fastify } from '@resource-server/fastify'
import { resourceServer as koa } from '@resource-server/koa'
import type { DecisionRecord } from '@resource-server/core'
import type { RunningHost } from '@resource-server/testing/conformance'
import { createTestIssuer } from '@resource-server/testing'
import createExpress from 'express'
import createFastify from 'fastify'
import Koa from 'koa'
import type { IncomingMessage } from 'node:http'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { listening } from '../hosts/listen.ts'

// Based on public reports about other libraries: earlier code sets or deletes req.headers.authorization. Only
// the header that the client sent counts, and the refusal says so.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const token = issuer.token({ aud: 'order-service' })

/** What earlier code does to the request, by the query. */
function change(request: IncomingMessage): void {
  if (request.url?.includes('set')) request.headers.authorization = `Bearer ${token}`
  if (request.url?.includes('delete')) delete request.headers.authorization
}

function portOf(server: RunningHost): number {
  onTestFinished(() => server.close())
  return server.port
}

type Options = Parameters<typeof express>[0]

const hosts: Readonly<Record<string, (options: Options) => Promise<number>>> = {
  Express: async (options) => {
    const api = express(options)
    const app = createExpress()
    app.use((request, _response, next) => {
      change(request)
      next()
    })
    app.get('/', api.requireAuthentication(), (_request, response) => void response.send('in'))
    return portOf(await listening(app.listen(0, '127.0.0.1')))
  },
  Koa: async (options) => {
    const api = koa(options)
    const app = new Koa()
    app.use((context, next) => {
      change(context.req)
      return next()
    })
    app.use(api.requireAuthentication())
    app.use((context) => {
      context.body = 'in'
    })
    return portOf(await listening(app.listen(0, '127.0.0.1')))
  },
  Fastify: async (options) => {
    const app = createFastify({ forceCloseConnections: true })
    await app.register(fastify, options)
    app.addHook('onRequest', async (request) => change(request.raw))
    app.get('/', { onRequest: app.requireAuthentication() }, () => 'in')
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    return (app.server.address() as { port: number }).port
  },
}

describe.each(Object.entries(hosts))('%s', (_name, start) => {
  async function request(query: string, headers: Record<string, string> = {}) {
    let take = (_record: DecisionRecord): void => {}
    const recorded = new Promise<DecisionRecord>((resolve) => (take = resolve))
    const options = { issuer: issuer.url, audience: 'order-service', clock: issuer.clock }
    const port = await start({ ...options, onDecision: (record) => take(record) })
    const { status } = await fetch(`http://127.0.0.1:${port}/?${query}`, { headers })
    return { status, record: await recorded }
  }

  test('ignores a header that earlier code set, and the reason says so', async () => {
    const { status, record } = await request('set')
    expect(status).toBe(401)
    expect(record).toMatchObject({ code: 'credential_missing', outcome: 'refused' })
    expect(record.reason).toContain('Code that ran before the guard set req.headers.authorization')
  })

  test('uses the header that the client sent, even if earlier code deleted it', async () => {
    const { status, record } = await request('delete', { authorization: `Bearer ${token}` })
    expect(status).toBe(200)
    expect(record).toMatchObject({ outcome: 'granted' })
  })

  test('does not mention earlier code if there is none', async () => {
    const { record } = await request('none')
    expect(record).toMatchObject({ reason: 'the request has no Authorization header' })
  })
})
