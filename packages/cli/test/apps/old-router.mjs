import { resourceServer } from '@resource-server/express'
import express from 'express'

const api = resourceServer({ issuer: 'https://as.example.com', audience: 'a', log: 'off' })

export const app = express()
const orders = express.Router()
orders.get('/:id', api.requireAuthentication(), (_req, res) => res.json({}))
app.use('/orders', orders)
// Routers before 2.3 do not keep the path.
for (const layer of app.router.stack) delete layer.rawPath
