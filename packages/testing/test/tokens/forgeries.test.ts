import { createVerifier } from '@resource-server/core'
import { expect, test } from 'vitest'
import { startIssuer } from '../support.ts'

test.each([
  'unsigned',
  'hmacWithPublicKey',
  'unknownKey',
  'wrongIssuer',
  'tampered',
  'expired',
] as const)('a token from forge.%s is refused, and the valid token is granted', async (name) => {
  const issuer = await startIssuer()
  const audience = 'order-service'
  const verifier = createVerifier({ issuer: issuer.url, audience, clock: issuer.clock })
  const options = { aud: audience, scope: 'orders:read', sub: 'user-42' }
  expect(await verifier.check(issuer.token(options))).toMatchObject({ ok: true })
  expect(await verifier.check(issuer.forge[name](options))).toMatchObject({ outcome: 'refused' })
})
