import { resourceServer } from '@resource-server/express'
import express from 'express'

const options = { issuer: 'https://as.example.com', log: 'off' }
const users = resourceServer({ ...options, audience: 'a' })
const admins = resourceServer(options)
const handle = (_req, res) => res.json({})

export const app = express()
app.get('/orders', users.requireScope('a'), handle)
app.get('/users', admins.requireAudience('b'), admins.requireScope('c'), handle)
app.get('/both', users.requireDirect(), admins.requireScope('c'), handle)
