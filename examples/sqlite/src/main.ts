import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'
import { DecisionStore } from './decision-store.ts'

// A test issuer in place of your authorization server, so that the example needs no setup.
await using issuer = await createTestIssuer({ algorithm: 'ES256' })
const store = new DecisionStore(process.argv[2] ?? ':memory:')

const api = resourceServer({
  issuer: issuer.url,
  audience: 'inventory-service',
  clock: issuer.clock,
  onDecision: store.write,
})
const app = express()
app.get('/items/:id', api.requireScope('read:items'), (_req, res) => void res.json({ inStock: 12 }))
app.delete('/items/:id', api.requireScope('write:items'), (_req, res) => void res.sendStatus(204))
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/items/desk-lamp`
const aud = 'inventory-service'
const chain = ['order-service', 'user-service']
const calls = [
  ['GET', issuer.token({ aud, scope: 'read:items', actors: chain })],
  ['DELETE', issuer.token({ aud, scope: 'read:items', actors: chain })],
  ['GET', issuer.token({ aud, scope: 'read:items', actors: chain.toReversed() })],
  ['GET', issuer.token({ aud, scope: 'read:items', actors: chain, sub: 'user-7' })],
] as const
for (const [method, token] of calls)
  await fetch(url, { method, headers: { authorization: `Bearer ${token}` } })

server.closeAllConnections()
server.close()
await once(server, 'close')

const today = new Date(issuer.clock.now()).toISOString().slice(0, 10)
const query = { issuer: issuer.url, actor: 'order-service', subject: 'user-42', since: today }
console.log('Requests by order-service on behalf of user-42 today:')
console.table(store.requestsBy(query))
store.close()
