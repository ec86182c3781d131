import request from 'supertest'
import { expect, test } from 'vitest'
import express from 'express'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'

function appFor(issuer: TestIssuer) {
  const api = resourceServer({
    issuer: issuer.url,
    audience: 'order-service',
    clock: issuer.clock,
  })
  return express().get('/', api.requireScope('orders:read'), (_req, res) => void res.json('ok'))
}

test('refuses a token after it expires', async () => {
  await using issuer = await createTestIssuer()
  const app = appFor(issuer)
  const token = issuer.token({ aud: 'order-service', scope: 'orders:read', expiresIn: 60 })
  expect((await request(app).get('/').auth(token, { type: 'bearer' })).status).toBe(200)
  issuer.clock.advance(120) // two minutes pass immediately
  expect((await request(app).get('/').auth(token, { type: 'bearer' })).status).toBe(401)
})

test('responds with 503 while the issuer is down and its keys are unknown', async () => {
  await using issuer = await createTestIssuer()
  issuer.stop('error')
  const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })
  const response = await request(appFor(issuer)).get('/').auth(token, { type: 'bearer' })
  expect(response.status).toBe(503)
})
