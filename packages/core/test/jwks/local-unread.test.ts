import { createSigningKey } from '@resource-server/testing'
import { expect, test, vi } from 'vitest'
import { createPolicy } from '../../src/config/policy.ts'
import { LocalKeySet } from '../../src/jwks/local.ts'

// Keys in the option `jwks` that cannot be read, because jose cannot be loaded.

const jose = vi.hoisted(() => ({ isMissing: false }))
vi.mock('../../src/jose/load-jose.ts', async (original) => {
  const actual = await original<typeof import('../../src/jose/load-jose.ts')>()
  const failed = new Error('jose could not be loaded: too many open files')
  return {
    ...actual,
    loadKeyFunctions: () => (jose.isMissing ? Promise.reject(failed) : actual.loadKeyFunctions()),
  }
})

test('keys that could not be read are unavailable, and they are read again for the next token', async () => {
  const issuer = 'https://as.example.com'
  const jwks = { keys: [createSigningKey('ES256', 'a').publicJwk] }
  const policy = createPolicy({ issuer, audience: 'order-service', jwks }, 'verifier')
  const header = { alg: 'ES256', kid: 'a', typ: undefined }
  jose.isMissing = true
  const keys = new LocalKeySet(jwks.keys, policy.issuers.get(issuer)!)
  expect(await keys.find(header)).toMatchObject({
    code: 'keys_unavailable',
    reason: `JWKS of '${issuer}' is unavailable: jose could not be loaded: too many open files`,
    detail: { retryAfter: 60 },
  })
  jose.isMissing = false
  expect(await keys.find(header)).toMatchObject({ kid: 'a', issuer })
})
