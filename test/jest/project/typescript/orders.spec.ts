import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import type { AddressInfo } from 'node:net'
import { resourceServer } from '@resource-server/express'
import { keycloak } from '@resource-server/express/providers'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'

test('verifies tokens', async () => {
  const issuer = await createTestIssuer({ provider: 'keycloak', path: '/realms/shop' })
  const options = { audience: 'order-service', clock: issuer.clock }
  const api = resourceServer({ issuer: keycloak(issuer.url), ...options })
  const app = express().get('/', api.requireScope('orders:read'), (req, res) => {
    res.send(api.token(req).subject)
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
  expect([response.status, await response.text()]).toEqual([200, 'user-42'])
  server.close()
  server.closeAllConnections()
  await issuer.close()
})
