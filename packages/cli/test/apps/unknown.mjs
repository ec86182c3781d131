import { resourceServer } from '@resource-server/express'
import express from 'express'

const api = resourceServer({ issuer: 'https://as.example.com', audience: 'a', log: 'off' })

export const app = express()
app.use(api.requireAuthentication())
app.get(/^\/(?=zzz)z+/, (_req, res) => res.json({}))
