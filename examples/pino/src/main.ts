import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'
import { pino } from 'pino'
import { decisionLogger } from './decision-logger.ts'

// A test issuer in place of your authorization server, so that the example needs no setup.
await using issuer = await createTestIssuer({ algorithm: 'ES256' })

const api = resourceServer({
  issuer: issuer.url,
  audience: 'order-service',
  clock: issuer.clock,
  onDecision: decisionLogger(pino()),
})
const app = express().get('/orders/:id', api.requireScope('orders:read'), (req, res) => {
  res.json({ id: req.params.id })
})
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders/4711`
const claims = { aud: 'order-service', actors: ['user-service'] }
for (const token of [issuer.token({ ...claims, scope: 'orders:read' }), issuer.token(claims)])
  await fetch(url, { headers: { authorization: `Bearer ${token}` } })
await fetch(url)

server.closeAllConnections()
server.close()
