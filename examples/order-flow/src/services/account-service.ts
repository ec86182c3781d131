import { resourceServer, type ResourceServerOptions } from '@resource-server/express'
import express, { type Express } from 'express'

export interface AccountServiceOptions extends ResourceServerOptions {
  /** The URL that clients use. Each proof names it. */
  readonly publicUrl: string
}

/** Accepts bearer tokens, and tokens that are bound to a key with DPoP. Runs on Express. */
export function accountService(options: AccountServiceOptions): Express {
  const api = resourceServer({ ...options, audience: 'user-service' })
  const app = express()
  app.get('/me', api.requireScope('orders:read'), (req, res) => {
    res.json({ user: api.token(req).subject })
  })
  return app
}
