import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import * as dpop from 'dpop'
import express from 'express'
import request from 'supertest'
import { afterAll, expect, test } from 'vitest'
import { wholeSecondClock } from '../whole-second-clock.ts'

// A client by another author sends the proofs.

const issuer = await createTestIssuer()
afterAll(() => issuer.close())
const url = 'https://api.example/orders'
const nonceSecret = 'a secret of at least 32 characters'

async function clientFor(alg: 'ES256' | 'Ed25519' | 'RS256' | 'PS256') {
  const keyPair = await dpop.generateKeyPair(alg)
  const jkt = await dpop.calculateThumbprint(keyPair.publicKey)
  const token = issuer.token({ aud: 'orders', claims: { cnf: { jkt } } })
  return {
    headers: async (htu = url, nonce?: string) => ({
      authorization: `DPoP ${token}`,
      dpop: await dpop.generateProof(keyPair, htu, 'GET', nonce, token),
    }),
  }
}

function appWith(options: object) {
  const api = resourceServer({
    issuer: issuer.url,
    audience: 'orders',
    publicUrl: 'https://api.example',
    clock: wholeSecondClock,
    ...options,
  })
  return express().get('/orders', api.requireAuthentication(), (_req, res) => void res.send('ok'))
}

test.each(['ES256', 'Ed25519', 'RS256', 'PS256'] as const)(
  'a proof from the package dpop with %s is accepted once',
  async (alg) => {
    const [app, client] = [appWith({}), await clientFor(alg)]
    const headers = await client.headers()
    await request(app).get('/orders?page=2').set(headers).expect(200, 'ok')
    const { headers: answer } = await request(app).get('/orders').set(headers).expect(401)
    expect(answer['www-authenticate']).toContain('error="invalid_dpop_proof"')
  },
)

test('the package dpop obtains and uses a nonce', async () => {
  const [app, client] = [appWith({ dpop: { nonceSecret } }), await clientFor('ES256')]
  const first = await request(app)
    .get('/orders')
    .set(await client.headers())
    .expect(401)
  expect(first.headers['www-authenticate']).toContain('error="use_dpop_nonce"')
  const nonce = first.headers['dpop-nonce']
  await request(app)
    .get('/orders')
    .set(await client.headers(url, nonce))
    .expect(200, 'ok')
})
