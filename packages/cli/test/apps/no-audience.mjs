import { resourceServer } from '@resource-server/express'
import express from 'express'

const issuer = 'https://as.example.com'
const api = resourceServer({ issuer, resource: 'https://orders.example.com', log: 'off' })

export const app = express()
app.get('/orders', api.requireScope('a'), (_req, res) => res.json({}))
app.get('/items', api.requireAudience('b'), api.requireScope('a'), (_req, res) => res.json({}))
