// The app that every runtime runs: two routes, guarded, on the web-standard adapter.
import { resourceServer } from '@resource-server/fetch'
import { Hono } from 'hono'

/** @param {string} issuer */
export function createApp(issuer) {
  const api = resourceServer({ issuer, audience: 'order-service' })
  const orders = api.protect(
    (request) => new Response(api.token(request).subject),
    api.requireScope('orders:read'),
  )
  const acted = api.protect(
    (request) => new Response(api.token(request).actor?.subject),
    api.requireActor('user-service'),
  )
  return new Hono()
    .get('/orders', (context) => orders(context.req.raw))
    .get('/acted', (context) => acted(context.req.raw))
}
