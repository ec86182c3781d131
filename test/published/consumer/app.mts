// A TypeScript project with strict settings.
import { createVerifier, VerificationError, type AccessToken } from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'

const issuer = await createTestIssuer()
const verifier = createVerifier({ issuer: issuer.url, audience: 'order-service' })
const jwt = issuer.token({ sub: 'user-42', aud: 'order-service', scope: 'orders:read' })
const token: AccessToken = await verifier.verify(jwt)
if (token.subject !== 'user-42') throw new Error('unexpected subject')

try {
  await verifier.verify(issuer.token({ aud: 'inventory-service' }))
  throw new Error('accepted a token for another service')
} catch (error) {
  if (!(error instanceof VerificationError)) throw error
  const code: string = error.code
  console.log(code)
}

const api = resourceServer<{ tenant?: string }>({ issuer: issuer.url, audience: 'order-service' })
express().get('/orders/:id', api.requireScope('orders:read'), (req, res) => {
  const id: string = req.params.id
  const tenant: string | undefined = api.token(req).claims.tenant
  res.json({ id, tenant })
})
await issuer.close()
console.log('ok')
