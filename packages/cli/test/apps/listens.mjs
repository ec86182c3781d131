import { resourceServer } from '@resource-server/express'
import express from 'express'

const api = resourceServer({ issuer: 'https://as.example.com', audience: 'a', log: 'off' })

export const app = express()
app.get('/orders', api.requireAuthentication(), (_req, res) => res.json({}))
app.listen(0, () => {
  throw new Error('it listens')
})
