import { type Algorithm, createVerifier } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'

// The test issuer signs with node:crypto. Its tokens are verified with jose, and tokens that jose signs
// are verified with core, so that the test issuer and core cannot share the same mistake.

const algorithms: readonly Algorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

describe.each(algorithms)('%s', (algorithm) => {
  test('jose verifies a token that the test issuer signed', async () => {
    await using issuer = await createTestIssuer({ algorithm })
    const keys = createLocalJWKSet({ keys: [{ kty: '', ...issuer.key.publicJwk }] })
    const token = issuer.token({ aud: 'order-service' })
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: issuer.url })
    expect(payload.aud).toBe('order-service')
    expect(protectedHeader.alg).toBe(algorithm)
  })

  test('core verifies a token that jose signed', async () => {
    await using issuer = await createTestIssuer({ algorithm })
    const { url, key, clock } = issuer
    const options = { issuer: url, audience: 'order-service', algorithms: [algorithm], clock }
    const now = Math.floor(clock.now() / 1000)
    const token = await new SignJWT({ iss: url, aud: 'order-service', sub: 'user-42' })
      .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'at+jwt' })
      .setIssuedAt(now)
      .setExpirationTime(now + 300)
      .sign(await importJWK({ kty: '', ...key.privateJwk }, algorithm))
    expect((await createVerifier(options).verify(token)).subject).toBe('user-42')
  })
})
