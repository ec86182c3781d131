import { createVerifier } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'
import { expect, test } from 'vitest'
import { fetch as undici6 } from 'undici-6'
import { fetch as undici7 } from 'undici'

test.each([
  ['6', undici6],
  ['7', undici7],
])('a verifier fetches keys with the fetch of undici %s', async (_major, fetch) => {
  await using issuer = await createTestIssuer({ algorithm: 'ES256' })
  const options = { issuer: issuer.url, audience: 'order-service', clock: issuer.clock }
  const verifier = createVerifier({ ...options, fetch })
  await verifier.warmUp()
  expect((await verifier.verify(issuer.token({ aud: 'order-service' }))).subject).toBe('user-42')
  expect(issuer.requests).toEqual({ discovery: 1, keys: 1 })
  verifier.close()
})
