import { resourceServer as forExpress } from '@resource-server/express'
import { resourceServer as forFastify } from '@resource-server/fastify'
import { resourceServer as forFetch } from '@resource-server/fetch'
import { resourceServer as forKoa } from '@resource-server/koa'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { client, proofOf, publicJwk, publicUrl, thumbprint } from '../security/attacks/dpop.ts'
import { audience, createFixture } from '../security/fixtures/fixture.ts'

// A response of the handler that carries a new nonce, on a route with two guards, behind code that exposes a header
// to scripts of other origins, as CORS plugins do.

const fixture = await createFixture()
afterAll(() => fixture[Symbol.asyncDispose]())

const options = {
  issuer: fixture.issuer.url,
  audience,
  clock: fixture.clock,
  publicUrl,
  dpop: { nonceSecret: 'a secret of at least 32 characters' },
}
const exposed = ['Access-Control-Expose-Headers', 'X-Total, dpop-nonce'] as const

const hosts: readonly (readonly [string, () => Promise<Server>])[] = [
  [
    'Express',
    async () => {
      const api = forExpress(options)
      const app = express()
      app.use((_req, res, next) => {
        res.setHeader(...exposed)
        next()
      })
      app.get('/', api.requireAuthentication(), api.requireScope('orders:read'), (_req, res) => {
        res.end()
      })
      return createServer(app).listen(0, '127.0.0.1')
    },
  ],
  [
    'Koa',
    async () => {
      const api = forKoa(options)
      const app = new Koa()
      app.use((ctx, next) => {
        ctx.set(...exposed)
        return next()
      })
      app.use(api.requireAuthentication()).use(api.requireScope('orders:read'))
      app.use((ctx) => {
        ctx.body = ''
      })
      return app.listen(0, '127.0.0.1')
    },
  ],
  [
    'Fastify',
    async () => {
      const app = fastify()
      await app.register(forFastify, options)
      app.addHook('onRequest', async (_request, reply) => void reply.header(...exposed))
      const onRequest = [app.requireAuthentication(), app.requireScope('orders:read')]
      app.get('/', { onRequest }, async () => '')
      await app.listen({ port: 0, host: '127.0.0.1' })
      return app.server
    },
  ],
  [
    'Hono',
    async () => {
      const api = forFetch(options)
      const guards = [api.requireAuthentication(), api.requireScope('orders:read')] as const
      const app = new Hono()
      app.use(async (c, next) => {
        await next()
        c.res.headers.append(...exposed)
      })
      const inner = api.protect(() => new Response(''), guards[1])
      const guarded = api.protect(inner, guards[0])
      app.get('/', (c) => guarded(c.req.raw))
      return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
    },
  ],
]

test.each(hosts)(
  '%s sends a nonce and a renewed nonce once, and keeps the headers that the app exposes',
  async (name, start) => {
    const server = await start()
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    const token = fixture.token({
      claims: { scope: 'orders:read', cnf: { jkt: thumbprint(publicJwk(client())) } },
    })
    const send = (nonce?: string): Promise<Response> => {
      const proof = proofOf(fixture, token, {
        claims: { htu: `${publicUrl}/`, ...(nonce && { nonce }) },
      })
      const headers = { authorization: `DPoP ${token}`, dpop: proof }
      return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers })
    }
    const namesIn = ({ headers }: Response): readonly string[] | undefined =>
      headers.get('access-control-expose-headers')?.split(', ').toSorted()
    const refused = await send()
    expect(refused.status).toBe(401)
    expect(namesIn(refused)).toEqual(expect.arrayContaining(['WWW-Authenticate', 'X-Total']))
    const nonce = refused.headers.get('dpop-nonce')!
    fixture.clock.advance(61)
    const response = await send(nonce)
    expect(response.status).toBe(200)
    const renewed = response.headers.get('dpop-nonce')
    expect(renewed).toMatch(/^[\w-]+\.[\w-]+$/)
    expect(renewed).not.toBe(nonce)
    expect(namesIn(response)).toEqual(expect.arrayContaining(['WWW-Authenticate', 'X-Total']))
    if (name !== 'Hono')
      expect(namesIn(response)).toEqual(['WWW-Authenticate', 'X-Total', 'dpop-nonce'])
  },
)
