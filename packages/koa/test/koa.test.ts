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

// What Koa has that other hosts do not. What all hosts do alike is in test/conformance.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }
const good = { authorization: `Bearer ${issuer.token({ aud: 'order-service' })}` }
const expired = { authorization: `Bearer ${issuer.forge.expired({ aud: 'order-service' })}` }

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
  test("the token is in the state and beside it, and the router's parameters stay", async () => {
    const api = resourceServer(options)
    const router = new Router()
    router.get('/orders/:id', api.requireAuthentication(), (ctx) => {
      const { auth } = ctx.state
      ctx.body = [ctx.params['id'], auth.subject, auth === api.token(ctx), Object.keys(ctx.state)]
    })
    const url = await listen(new Koa().use(router.routes()))
    const answer = await fetch(`${url}/orders/7`, { headers: good })
    expect(await answer.json()).toEqual(['7', 'user-42', true, []])
  })

  test('the middleware around a guard sees its refusal', async () => {
    const seen = vi.fn<(status: number, type: string) => void>()
    const app = new Koa().use(async (ctx, next) => {
      await next()
      seen(ctx.status, ctx.type)
      ctx.set('X-Timing', '1')
    })
    const url = await listen(app.use(resourceServer(options).requireAuthentication()))
    const answer = await fetch(url)
    expect(seen).toHaveBeenCalledExactlyOnceWith(401, 'application/problem+json')
    expect(answer.headers.get('x-timing')).toBe('1')
  })

  test('a refusal is sent where Koa was told to keep its hands off', async () => {
    const app = new Koa().use((ctx, next) => {
      ctx.respond = false
      return next()
    })
    const url = await listen(app.use(resourceServer(options).requireAuthentication()))
    const answer = await fetch(url, { headers: expired })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('expired')
  })

  test('an answer that somebody has begun is broken off', async () => {
    const handler = vi.fn<() => void>()
    const app = new Koa().use((ctx, next) => {
      ctx.res.write('begun')
      return next()
    })
    const url = await listen(app.use(resourceServer(options).requireAuthentication()).use(handler))
    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow('terminated')
    expect(handler).not.toHaveBeenCalled()
  })

  test('the path in the record is what the client asked for', async () => {
    const records: DecisionRecord[] = []
    const api = resourceServer({ ...options, onDecision: (record) => void records.push(record) })
    const app = new Koa().use((ctx, next) => {
      ctx.path = '/below-a-mount/7'
      return next()
    })
    const router = new Router({ prefix: '/below-a-mount' })
    router.get('/:id', api.requireAuthentication())
    await fetch(`${await listen(app.use(router.routes()))}/orders/7?secret=1`)
    const route = '/below-a-mount/:id'
    expect(records).toMatchObject([{ request: { method: 'GET', path: '/orders/7', route } }])
  })

  test('a connection serves on after a refusal that left a body unread', async () => {
    const app = new Koa().use(resourceServer(options).requireAuthentication())
    const url = await listen(
      app.use((ctx) => {
        ctx.body = 'in'
      }),
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const ask = async (headers: Record<string, string>, body: string) => {
      const sent = request(url, { method: 'POST', agent, headers })
      const [answer] = (await once(sent.end(body), 'response')) as [IncomingMessage]
      return [answer.statusCode, (await text(answer)).slice(0, 2), sent.reusedSocket]
    }
    expect(await ask(expired, 'x'.repeat(500_000))).toEqual([401, '{"', false])
    expect(await ask(good, '')).toEqual([200, 'in', true])
  })

  describe("with onRefusal: 'throw'", () => {
    const api = resourceServer({ ...options, onRefusal: 'throw' })

    test("Koa's own error handling answers, tells what the wire may, and logs no bug", async () => {
      const logged = vi.spyOn(console, 'error').mockReturnValue()
      const url = await listen(new Koa().use(api.requireAuthentication()))
      const answer = await fetch(url, { headers: expired })
      expect([answer.status, await answer.text()]).toEqual([401, 'The access token expired'])
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(logged).not.toHaveBeenCalled()
    })

    test('a handler of the user has all that it needs to answer in its own words', async () => {
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
      const answer = await fetch(url, { headers: expired })
      expect([answer.status, await answer.json()]).toEqual([
        ...[401, { problem: 'The access token expired' }],
      ])
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    })

    test('an outage is exposed to nobody, and logged', async () => {
      await using away = await createTestIssuer({ algorithm: 'ES256' })
      const headers = { authorization: `Bearer ${away.token({ aud: 'order-service' })}` }
      const logged = vi.spyOn(console, 'error').mockReturnValue()
      const unreachable = resourceServer({
        ...{ issuer: away.url, clock: away.clock, audience: 'order-service', onRefusal: 'throw' },
        fetch: () => Promise.reject(new Error('no route')),
      })
      const url = await listen(new Koa().use(unreachable.requireAuthentication()))
      const answer = await fetch(url, { headers })
      expect([answer.status, await answer.text()]).toEqual([503, 'Service Unavailable'])
      expect(answer.headers.has('retry-after')).toBe(true)
      expect(logged).toHaveBeenCalledOnce()
    })
  })
})
