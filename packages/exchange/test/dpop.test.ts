import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { resourceServer } from '@resource-server/express'
import type { TestIssuer } from '@resource-server/testing'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { type ExchangeRecord, nextHop } from '../src/index.ts'
import { secret, self, setUp, target } from './support.ts'

/** The next service accepts only tokens that are bound with DPoP, and each proof once. */
async function startBound(issuer: TestIssuer, nonceSecret?: string): Promise<string> {
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const api = resourceServer({
    ...{ issuer: issuer.url, audience: target, clock: issuer.clock, publicUrl },
    dpop: nonceSecret === undefined ? 'required' : { mode: 'required', nonceSecret },
    allowInsecureHttp: true,
  })
  app.post('/stock', api.requireAuthentication(), (req, res) => {
    res.json({ jkt: api.token(req).confirmation?.jkt })
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return publicUrl
}

test('a token is bound to the key of this service, and each request has a proof', async () => {
  const records: ExchangeRecord[] = []
  const set = await setUp()
  const origin = await startBound(set.issuer)
  const hop = nextHop({ ...set.options, origin, dpop: true, onExchange: (r) => records.push(r) })
  const caller = await set.subject()
  expect(await hop.token(caller)).toMatchObject({ tokenType: 'DPoP' })
  for (let round = 0; round < 2; round += 1) {
    const response = await hop.fetch(caller, '/stock', { method: 'POST', body: 'x' })
    expect(response.status).toBe(200)
  }
  expect(set.exchanges()).toBe(1)
  expect(records[0]).toMatchObject({ bound: true })
})

test('the nonces of both servers are used', async () => {
  const set = await setUp()
  const origin = await startBound(set.issuer, 'n'.repeat(32))
  set.issuer.tokenEndpoint.requireNonce('as-nonce-1')
  const hop = nextHop({ ...set.options, origin, dpop: true })
  const caller = await set.subject()
  const response = await hop.fetch(caller, '/stock', { method: 'POST', body: 'x' })
  expect(response.status).toBe(200)
  // One request without the nonce, and one with it. The nonce of the service led to no exchange.
  expect(set.exchanges()).toBe(2)
})

test('a key pair of the user is used', async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const set = await setUp()
  const origin = await startBound(set.issuer)
  const caller = await set.subject()
  const jkts = []
  for (const dpop of [pair, pair, true] as const) {
    const hop = nextHop({ ...set.options, origin, dpop })
    const response = await hop.fetch(caller, '/stock', { method: 'POST' })
    jkts.push(((await response.json()) as { jkt: string }).jkt)
  }
  expect(jkts[0]).toBe(jkts[1])
  expect(jkts[0]).not.toBe(jkts[2])
})

test('client authentication with a secret still applies', async () => {
  const { issuer, options, subject } = await setUp()
  const client = { id: self, secret, authentication: 'post' } as const
  await nextHop({ ...options, client, dpop: true }).token(await subject())
  const request = issuer.tokenEndpoint.requests.at(0)!
  expect(request).toMatchObject({ authentication: 'post' })
  expect(request.headers).toHaveProperty('dpop')
})
