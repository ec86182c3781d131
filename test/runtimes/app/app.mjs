// The app that every runtime runs: two guarded routes with the fetch package, and the same with the Hono package.
import { resourceServer } from '@resource-server/fetch'
import { resourceServer as forHono } from '@resource-server/hono'
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
  const hono = forHono({ issuer, audience: 'order-service' })
  return new Hono()
    .get('/orders', (context) => orders(context.req.raw))
    .get('/delegated', (context) => delegated(context.req.raw))
    .get('/hono/orders', hono.requireScope('orders:read'), (context) =>
      context.text(context.get('token').subject),
    )
    .get('/hono/delegated', hono.requireActor('user-service'), (context) =>
      context.text(context.get('token').actor?.subject ?? ''),
    )
}
