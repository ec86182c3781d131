import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Router } from '@koa/router'
import { createTestIssuer } from '@resource-server/testing'
import Koa3 from 'koa'
import Koa2 from 'koa-2'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type DecisionRecord, RequestRefusedError, resourceServer } from '../src/index.ts'

// Behavior specific to Koa. test/conformance covers what all hosts have in common.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }
const validHeaders = { authorization: `Bearer ${issuer.token({ aud: 'order-service' })}` }
const expiredHeaders = { authorization: `Bearer ${issuer.forge.expired({ aud: 'order-service' })}` }

async function listen(app: Pick<Koa3, 'listen'>): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each([
  ['Koa 3', Koa3],
  ['Koa 2', Koa2],
])('on %s', (_name, Koa) => {
  test("ctx.state.auth and api.token(ctx) are the token, and the router's parameters are kept", async () => {
    const api = resourceServer(options)
    const router = new Router()
    router.get('/orders/:id', api.requireAuthentication(), (ctx) => {
      const { auth } = ctx.state
      ctx.body = [ctx.params['id'], auth.subject, auth === api.token(ctx), Object.keys(ctx.state)]
    })
    const url = await listen(new Koa().use(router.routes()))
    const response = await fetch(`${url}/orders/7`, { headers: validHeaders })
    expect(await response.json()).toEqual(['7', 'user-42', true, []])
  })

  test('a write to ctx.state.auth after a guard is ignored with a warning', async () => {
    const warned = vi.fn<(warning: Error) => void>()
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const api = resourceServer(options)
    const app = new Koa().use(api.requireAuthentication())
    app.use((ctx) => {
      Object.assign(ctx.state, { auth: { subject: 'attacker' } })
      ctx.state.auth = { subject: 'attacker' }
      ctx.body = [ctx.state.auth.subject, api.token(ctx).subject]
    })
    const response = await fetch(await listen(app), { headers: validHeaders })
    expect(await response.json()).toEqual(['user-42', 'user-42'])
    await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(1))
  })

  test('middleware before a guard can read and extend its refusal', async () => {
    const observed = vi.fn<(status: number, type: string) => void>()
    const app = new Koa().use(async (ctx, next) => {
      await next()
      observed(ctx.status, ctx.type)
      ctx.set('X-Timing', '1')
    })
    const url = await listen(app.use(resourceServer(options).requireAuthentication()))
    const response = await fetch(url)
    expect(observed).toHaveBeenCalledExactlyOnceWith(401, 'application/problem+json')
    expect(response.headers.get('x-timing')).toBe('1')
  })

  test('a refusal is sent even if ctx.respond is false', async () => {
    const app = new Koa().use((ctx, next) => {
      ctx.respond = false
      return next()
    })
    const url = await listen(app.use(resourceServer(options).requireAuthentication()))
    const response = await fetch(url, { headers: expiredHeaders })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('expired')
  })

  test('a refusal aborts a response that other middleware has started', async () => {
    const handler = vi.fn<() => void>()
    const app = new Koa().use((ctx, next) => {
      ctx.res.write('started')
      return next()
    })
    const url = await listen(app.use(resourceServer(options).requireAuthentication()).use(handler))
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow('terminated')
    expect(handler).not.toHaveBeenCalled()
  })

  test('the record contains the path that the client requested', async () => {
    const records: DecisionRecord[] = []
    const api = resourceServer({ ...options, onDecision: (record) => void records.push(record) })
    const app = new Koa().use((ctx, next) => {
      ctx.path = '/mounted/7'
      return next()
    })
    const router = new Router({ prefix: '/mounted' })
    router.get('/:id', api.requireAuthentication())
    await fetch(`${await listen(app.use(router.routes()))}/orders/7?secret=1`)
    const route = '/mounted/:id'
    expect(records).toMatchObject([{ request: { method: 'GET', path: '/orders/7', route } }])
  })

  describe('the route in a record', () => {
    async function recordedRoute(define: (router: Router) => void, path: string, prefix = '') {
      const records: DecisionRecord[] = []
      const api = resourceServer({ ...options, onDecision: (record) => void records.push(record) })
      const router = new Router({ prefix })
      router.use(api.requireScope('orders:write'))
      define(router)
      await fetch(`${await listen(new Koa().use(router.routes()))}${path}`, {
        headers: validHeaders,
      })
      expect(records).toMatchObject([{ outcome: 'refused' }])
      return records[0]?.request?.route
    }

    test.each<readonly [string, string | RegExp, string, string]>([
      ['is the pattern with the prefix', '/:id', '/orders', '/orders/:id'],
      ['keeps the parameters of the prefix', '/:id', '/users/:user', '/users/:user/:id'],
      ['is a regular expression as written', /^\/orders\/(\d+)$/, '', '/^\\/orders\\/(\\d+)$/'],
    ])('%s if router.use refuses', async (_title, pattern, prefix, route) => {
      const path = prefix.startsWith('/users') ? '/users/alice@example.com/7' : '/orders/7'
      const define = (router: Router) => {
        router.post(pattern, (ctx) => void (ctx.body = 'created'))
        router.get(pattern, (ctx) => void (ctx.body = 'in'))
        router.post('/:other', (ctx) => void (ctx.body = 'created'))
      }
      expect(await recordedRoute(define, path, prefix)).toBe(route)
    })

    test('is absent if the router is unknown', async () => {
      const records: DecisionRecord[] = []
      const api = resourceServer({ ...options, onDecision: (record) => void records.push(record) })
      const app = new Koa().use((ctx, next) => {
        Object.assign(ctx, { _matchedRoute: '/users/alice@example.com(?:\\/|$)' })
        return next()
      })
      await fetch(await listen(app.use(api.requireAuthentication())))
      expect(records[0]?.request).toEqual({ method: 'GET', path: '/' })
    })
  })

  test('a connection stays usable after a refusal that left the request body unread', async () => {
    const app = new Koa().use(resourceServer(options).requireAuthentication())
    const url = await listen(
      app.use((ctx) => {
        ctx.body = 'in'
      }),
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const send = async (headers: Record<string, string>, body: string) => {
      const sent = request(url, { method: 'POST', agent, headers })
      const [response] = (await once(sent.end(body), 'response')) as [IncomingMessage]
      return [response.statusCode, (await text(response)).slice(0, 2), sent.reusedSocket]
    }
    expect(await send(expiredHeaders, 'x'.repeat(500_000))).toEqual([401, '{"', false])
    expect(await send(validHeaders, '')).toEqual([200, 'in', true])
  })

  describe("with onRefusal: 'throw'", () => {
    const api = resourceServer({ ...options, onRefusal: 'throw' })

    test("Koa's own error handling responds with the public message and logs nothing", async () => {
      const logged = vi.spyOn(console, 'error').mockReturnValue()
      const url = await listen(new Koa().use(api.requireAuthentication()))
      const response = await fetch(url, { headers: expiredHeaders })
      expect([response.status, await response.text()]).toEqual([401, 'The access token expired'])
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(logged).not.toHaveBeenCalled()
    })

    test('the error has everything that a custom error handler needs for the response', async () => {
      const app = new Koa().use(async (ctx, next) => {
        try {
          await next()
        } catch (error) {
          if (!(error instanceof RequestRefusedError)) throw error
          ctx.status = error.status
          ctx.set({ ...error.headers })
          ctx.body = { problem: error.message }
        }
      })
      const url = await listen(app.use(api.requireAuthentication()))
      const response = await fetch(url, { headers: expiredHeaders })
      expect(response.status).toBe(401)
      expect(await response.json()).toEqual({ problem: 'The access token expired' })
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    })

    test('an outage is logged, and the response does not reveal its cause', async () => {
      await using ownIssuer = await createTestIssuer({ algorithm: 'ES256' })
      const headers = { authorization: `Bearer ${ownIssuer.token({ aud: 'order-service' })}` }
      const logged = vi.spyOn(console, 'error').mockReturnValue()
      const unreachable = resourceServer({
        issuer: ownIssuer.url,
        clock: ownIssuer.clock,
        audience: 'order-service',
        onRefusal: 'throw',
        fetch: () => Promise.reject(new Error('no route')),
      })
      const url = await listen(new Koa().use(unreachable.requireAuthentication()))
      const response = await fetch(url, { headers })
      expect([response.status, await response.text()]).toEqual([503, 'Service Unavailable'])
      expect(response.headers.has('retry-after')).toBe(true)
      expect(logged).toHaveBeenCalledOnce()
    })
  })
})
