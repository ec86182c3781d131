// A smoke test of the built packages in plain JavaScript. Prints nothing on success. Runs on each
// supported version of Node.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createVerifier, VerificationError } from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import { resourceServer as forFastify } from '@resource-server/fastify'
import { resourceServer as forFetch } from '@resource-server/fetch'
import { resourceServer as forKoa } from '@resource-server/koa'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { checkMlDsa } from './ml-dsa.mjs'

const issuer = await createTestIssuer()
const options = { issuer: issuer.url, audience: 'order-service' }
const order = { aud: 'order-service', scope: 'orders:read' }

// Without a framework
const verifier = createVerifier(options)
const exchanged = issuer.token({ ...order, actors: ['user-service'] })
assert.equal((await verifier.verify(exchanged)).actor?.subject, 'user-service')
await assert.rejects(verifier.verify(issuer.token({ aud: 'inventory-service' })), VerificationError)

// With Express
const api = resourceServer(options)
const server = express()
  .get('/orders', api.requireScope('orders:read'), (req, res) => res.json(api.token(req).subject))
  .listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
assert.ok(address !== null && typeof address === 'object')
const get = (/** @type {Record<string, string>} */ headers) =>
  fetch(`http://127.0.0.1:${address.port}/orders`, { headers })
const bearer = (/** @type {string} */ token) => ({ authorization: `Bearer ${token}` })

const granted = await get(bearer(issuer.token(order)))
assert.deepEqual([granted.status, await granted.json()], [200, 'user-42'])
assert.equal((await get({})).status, 401)
assert.equal((await get(bearer('not.a.token'))).status, 401)
assert.equal((await get(bearer(issuer.token({ aud: 'inventory-service' })))).status, 401)
assert.equal((await get(bearer(issuer.token({ aud: 'order-service' })))).status, 403)

// With the other hosts: one granted and one refused request
const koa = new Koa().use(forKoa(options).requireScope('orders:read')).use((ctx) => {
  ctx.body = ctx.state.auth.subject
})
const koaServer = koa.listen(0, '127.0.0.1')
await once(koaServer, 'listening')
const app = fastify()
await app.register(forFastify, options)
app.get('/', { onRequest: app.requireScope('orders:read') }, async ({ auth }) => auth.subject)
const { protect, requireScope, token } = forFetch(options)
const handle = protect(
  (request) => new Response(token(request).subject),
  requireScope('orders:read'),
)
const hono = new Hono().get('/', (context) => handle(context.req.raw))

const koaAddress = koaServer.address()
assert.ok(koaAddress !== null && typeof koaAddress === 'object')
/** @type {((headers: Record<string, string>) => Promise<Response>)[]} */
const clients = [
  (headers) => fetch(`http://127.0.0.1:${koaAddress.port}/`, { headers }),
  async (headers) => {
    const { statusCode, body } = await app.inject({ url: '/', headers })
    return new Response(body, { status: statusCode })
  },
  async (headers) => hono.request('/', { headers }),
]
for (const client of clients) {
  const response = await client(bearer(issuer.token(order)))
  assert.deepEqual([response.status, await response.text()], [200, 'user-42'])
  assert.equal((await client({})).status, 401)
}
await app.close()
koaServer.close()
koaServer.closeAllConnections()

await checkMlDsa()

// With require(), which supports ESM since Node 20.19
const require = createRequire(import.meta.url)
assert.equal(require('@resource-server/core').createVerifier, createVerifier)

server.close()
server.closeAllConnections()
await issuer.close()
