import { fromCookie, fromHeader, resourceServer, type AccessToken } from '@resource-server/express'
import express from 'express'

const app = express()
const options = { issuer: 'https://as.example.com', audience: 'order-service' }
const api = resourceServer<{ tenant: string }>(options)

app.use('/orders', api.requireAudience('order-service'))
app.get('/orders/:id', api.requireScope('orders:read'), (req, res) => {
  // A guard keeps the types of the route.
  const id: string = req.params.id
  // @ts-expect-error the route does not have this parameter
  const order: string = req.params.order
  // The token has the declared claims, without a cast.
  const tenant: string = api.token(req).claims.tenant
  // @ts-expect-error the global augmentation requires '@resource-server/express/augment'
  const auth = req.auth
  res.json({ id, order, tenant, auth })
})

// @ts-expect-error requireScope must be called: it returns the guard
app.get('/forgotten', api.requireScope, (_req, res) => res.json({}))

const lenient = resourceServer({ ...options, optional: true })
app.get('/maybe', lenient.requireAudience('order-service'), (req, res) => {
  // @ts-expect-error an anonymous request has no token
  res.json({ subject: lenient.token(req).subject })
  const token: AccessToken | undefined = lenient.token(req)
  res.json({ subject: token?.subject })
})

// The token's type follows the type of `optional`.
declare const typed: import('@resource-server/express').ResourceServerOptions
declare const isOptional: boolean
declare const request: express.Request
const certain: AccessToken = resourceServer(typed).token(request)
const literal: AccessToken = resourceServer({ ...options, optional: false }).token(request)
const possible = resourceServer({ ...options, optional: isOptional }).token(request)
// @ts-expect-error the token may be undefined
const wrong: AccessToken = possible
void [certain, literal, wrong]

export const cookies = resourceServer({ ...options, credential: fromCookie('__Host-session') })
export const headers = resourceServer({ ...options, credential: fromHeader('X-Token') })
const origins = ['https://app.example.com']
export const withOrigins = fromCookie('__Host-session', { origins })
// @ts-expect-error a name alone does not say what it names
resourceServer({ ...options, credential: '__Host-session' })
// @ts-expect-error tokens in the query are never read
resourceServer({ ...options, credential: { from: 'query', name: 'access_token' } })
// @ts-expect-error a function could fall back to another place
resourceServer({ ...options, credential: () => 'token' })
// @ts-expect-error browsers do not add a header on their own, so its origin is not checked
fromHeader('X-Token', { origins })
