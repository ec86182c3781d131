import { resourceServer } from '@resource-server/express'
import cors from 'cors'
import express from 'express'

const options = { issuer: 'https://as.example.com', audience: 'a', log: 'off' }
const api = resourceServer({ ...options, resource: 'https://orders.example.com' })
const open = resourceServer({ ...options, optional: true })

export const app = express()
app.use(cors())
app.use(api.metadata())
app.use('/health', (_req, res) => res.json({}))
app.get('/open', open.requireAudience('b'), (_req, res) => res.json({}))
app.get('/orders', api.requireAuthentication(), cors(), (_req, res) => res.json({}))
app.use((_req, res) => res.sendStatus(404))
