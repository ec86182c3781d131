import { resourceServer } from '@resource-server/express'
import express from 'express'

const options = { issuer: 'https://as.example.com', audience: 'a', log: 'off' }

const create = (onError) => {
  const api = resourceServer(options)
  const app = express()
  app.use(api.requireAuthentication())
  app.use(onError)
  app.get('/orders', (_req, res) => res.json({}))
  return app
}

const createLast = (onRefusal, onError) => {
  const api = resourceServer({ ...options, onRefusal })
  const app = express()
  app.get('/orders', api.requireAuthentication(), (_req, res) => res.json({}))
  app.use(onError)
  return app
}

function asSuccess(error, _req, res, _next) {
  res.status(200).json({ error: error.message })
}
function asError(error, _req, res, _next) {
  res.status(error.status ?? 500).json({ error: error.message })
}
export const success = createLast('throw', asSuccess)
export const status = createLast('throw', asError)
export const replies = createLast('reply', asSuccess)

export const passesOn = create(function ignore(_error, _req, _res, next) {
  next()
})
export const forwards = create(function forward(error, _req, _res, next) {
  next(error)
})
