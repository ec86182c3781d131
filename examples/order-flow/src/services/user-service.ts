import { resourceServer, type ResourceServerOptions } from '@resource-server/express'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { ExchangeToken } from './exchange.ts'
import { badGateway, getJson } from './upstream.ts'

export interface UserServiceOptions extends ResourceServerOptions {
  readonly ordersUrl: string
  readonly exchangeToken: ExchangeToken
}

/** Runs on Express. */
export function userService(options: UserServiceOptions): Express {
  const { ordersUrl, exchangeToken, ...rest } = options
  const api = resourceServer(rest)

  const app = express()
  app.use(api.requireAudience('user-service'))

  app.get('/me/orders/:id', api.requireScope('orders:read'), async (req, res) => {
    const target = { audience: 'order-service', scope: 'orders:read' }
    const { raw, subject } = api.token(req)
    const token = await exchangeToken(raw, target)
    const order = await getJson(`${ordersUrl}/orders/${encodeURIComponent(req.params.id)}`, token)
    if (order) res.json({ user: subject, order })
    else res.sendStatus(404)
  })

  const handleUpstreamError: ErrorRequestHandler = (error, _req, res, _next) => {
    const problem = badGateway(error)
    res.status(problem.status).json(problem)
  }
  app.use(handleUpstreamError)
  return app
}
