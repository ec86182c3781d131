// The app that every runtime runs: two guarded routes with the fetch adapter.
import { resourceServer } from '@resource-server/fetch'
import { Hono } from 'hono'

/** @param {string} issuer */
export function createApp(issuer) {
  const api = resourceServer({ issuer, audience: 'order-service' })
  const orders = api.protect(
    (request) => new Response(api.token(request).subject),
    api.requireScope('orders:read'),
  )
  const delegated = api.protect(
    (request) => new Response(api.token(request).actor?.subject),
    api.requireActor('user-service'),
  )
  return new Hono()
    .get('/orders', (context) => orders(context.req.raw))
    .get('/delegated', (context) => delegated(context.req.raw))
}
