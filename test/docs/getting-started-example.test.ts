import request from 'supertest'
import { expect, test } from 'vitest'
import express from 'express'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'

test('refuses a token without orders:read', async () => {
  await using issuer = await createTestIssuer()
  const api = resourceServer({ issuer: issuer.url, audience: 'order-service', clock: issuer.clock })
  const app = express().get('/', api.requireScope('orders:read'), (_req, res) => {
    res.json('ok')
  })
  const token = issuer.token({ aud: 'order-service', scope: 'orders:write' })
  const response = await request(app).get('/').auth(token, { type: 'bearer' })
  expect(response.status).toBe(403)
})
