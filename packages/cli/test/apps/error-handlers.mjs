import { resourceServer } from '@resource-server/express'
import express from 'express'

const create = (onError) => {
  const api = resourceServer({ issuer: 'https://as.example.com', audience: 'a', log: 'off' })
  const app = express()
  app.use(api.requireAuthentication())
  app.use(onError)
  app.get('/orders', (_req, res) => res.json({}))
  return app
}

export const passesOn = create(function ignore(_error, _req, _res, next) {
  next()
})
export const forwards = create(function forward(error, _req, _res, next) {
  next(error)
})
