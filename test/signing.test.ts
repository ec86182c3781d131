import { type Algorithm, createVerifier } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'

// The test issuer signs with Node's crypto and core verifies with jose, so that neither can hide a
// mistake of the other. Here jose stands in for each of the two in turn.

const algorithms: readonly Algorithm[] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
]

describe.each(algorithms)('%s', (algorithm) => {
  test('jose accepts what the test issuer signs', async () => {
    await using issuer = await createTestIssuer({ algorithm })
    const keys = createLocalJWKSet({ keys: [{ kty: '', ...issuer.key.publicJwk }] })
    const token = issuer.token({ aud: 'order-service' })
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: issuer.url })
    expect(payload.aud).toBe('order-service')
    expect(protectedHeader.alg).toBe(algorithm)
  })

  test('core accepts what jose signs', async () => {
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
