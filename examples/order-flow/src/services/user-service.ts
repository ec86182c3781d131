import { HopError, nextHop, type NextHopOptions } from '@resource-server/exchange'
import { resourceServer, type ResourceServerOptions } from '@resource-server/express'
import express, { type ErrorRequestHandler, type Express } from 'express'

export interface UserServiceOptions extends ResourceServerOptions {
  readonly issuer: string
  /** The origin of order-service. */
  readonly ordersUrl: string
  readonly clientSecret: string
  /** Other options for the exchange of tokens. */
  readonly exchange?: Partial<NextHopOptions>
}

/** Runs on Express. */
export function userService(options: UserServiceOptions): Express {
  const { ordersUrl, clientSecret, exchange, ...rest } = options
  const api = resourceServer(rest)
  const orders = nextHop({
    issuer: rest.issuer,
    client: { id: 'user-service', secret: clientSecret },
    audience: 'order-service',
    scope: 'orders:read',
    origin: ordersUrl,
    ...exchange,
  })

  const app = express()
  app.use(api.requireAudience('user-service'))

  app.get('/me/orders/:id', api.requireScope('orders:read'), async (req, res) => {
    const token = api.token(req)
    const path = `/orders/${encodeURIComponent(req.params.id)}`
    const response = orders.relay(await orders.fetch(token, path))
    if (response.ok) res.json({ user: token.subject, order: await response.json() })
    else res.sendStatus(response.status)
  })

  app.use(sendHopError)
  return app
}

/** Optional: Express sends the status and the headers of the error itself, but it also prints the error. */
const sendHopError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (!(error instanceof HopError)) return next(error)
  res.status(error.status).set(error.headers).send(error.body)
}
