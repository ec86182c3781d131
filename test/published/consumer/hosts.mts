// The other hosts in TypeScript.
import { createServer } from 'node:http'
import { resourceServer as forFastify } from '@resource-server/fastify'
import { resourceServer as forFetch } from '@resource-server/fetch'
import { type AuthState, type KoaGuard, resourceServer as forKoa } from '@resource-server/koa'
import { resourceServer as forMcp } from '@resource-server/mcp'
import fastify from 'fastify'
import { Hono } from 'hono'

const options = { issuer: 'https://as.example.com', audience: 'order-service' }

// The Koa guard works without Koa's own types.
const guard: KoaGuard = forKoa(options).requireScope('orders:read')
const subjectOf = (state: AuthState): string => state.auth.subject
console.log(typeof guard, typeof subjectOf)

const app = fastify()
await app.register(forFastify, options)
app.get('/', { onRequest: app.requireScope('orders:read') }, async (request) => {
  const subject: string = request.auth.subject
  return subject
})
await app.close()

const api = forFetch(options)
const handle = api.protect(
  (request: Request) => new Response(api.token(request).subject),
  api.requireScope('orders:read'),
)
new Hono().get('/', (context) => handle(context.req.raw))

const resource = 'https://mcp.example.com/mcp'
const mcp = forMcp({ ...options, resource, tools: { cancel: ['orders:write'] } })
createServer(mcp.protect((request, response) => void response.end(mcp.token(request).subject)))
