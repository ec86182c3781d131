import { createSigningKey, createTestIssuer, type SigningKey } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Algorithm, createVerifier, type VerifierOptions } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// Key sets of real authorization servers that other libraries refuse.

const issuer = await createTestIssuer({ algorithm: 'RS256' })
afterAll(() => issuer.close())
const { key } = issuer
const { alg: _alg, ...withoutAlg } = key.publicJwk
const { kid: _kid, ...withoutKid } = key.publicJwk
const ec = createSigningKey('ES256', 'ec')

function startWith(keys: readonly object[], options: VerifierOptions = {}) {
  const fetch = async (): Promise<Response> => Response.json({ keys })
  const { jwksUri } = issuer
  const verifier = createVerifier({ ...optionsFor(issuer), jwksUri, fetch, ...options })
  onTestFinished(() => verifier.close())
  return verifier
}

const tokenOf = (signer: SigningKey, header: Readonly<Record<string, unknown>> = {}): string => {
  const now = issuer.clock.now() / 1000
  const payload = { iss: issuer.url, sub: 'user-42', aud, iat: now, exp: now + 60 }
  return issuer.sign({ header: { typ: 'at+jwt', ...header }, payload, key: signer })
}

describe('an RSA key without alg', () => {
  test.each<[readonly Algorithm[] | undefined]>([
    [undefined],
    [['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']],
    [['RS256', 'RS512']],
    [['RS256', 'ES256']],
    [['PS256', 'RS256']],
  ])('verifies RS256 tokens with algorithms: %j', async (algorithms) => {
    const verifier = startWith([withoutAlg], algorithms && { algorithms })
    await verifier.warmUp()
    expect(verifier.health().issuers[0]).toMatchObject({ keys: 1, skipped: [] })
    expect(await verifier.check(tokenOf(key))).toMatchObject({ ok: true })
  })
})

describe('a key set with', () => {
  test.each([
    ['the same entry twice', [key.publicJwk, key.publicJwk]],
    ['the same key, once without alg', [key.publicJwk, withoutAlg]],
    ['the same key, once without kid', [withoutKid, key.publicJwk]],
  ])('%s has one key', async (_what, keys) => {
    const verifier = startWith(keys)
    await verifier.warmUp()
    expect(verifier.health().issuers[0]).toMatchObject({ keys: 1 })
    expect(await verifier.check(tokenOf(key))).toMatchObject({ ok: true })
    expect(await verifier.check(tokenOf(key, { kid: undefined }))).toMatchObject({ ok: true })
  })

  test('one RSA and one EC key verifies tokens without kid', async () => {
    const verifier = startWith([withoutKid, ec.publicJwk])
    for (const signer of [key, ec])
      expect(await verifier.check(tokenOf(signer, { kid: undefined }))).toMatchObject({ ok: true })
  })

  test('two RSA keys refuses tokens without kid', async () => {
    const verifier = startWith([key.publicJwk, createSigningKey('RS256', 'other').publicJwk])
    expect(await verifier.check(tokenOf(key, { kid: undefined }))).toMatchObject({
      code: 'key_ambiguous',
      reason: "2 keys of the issuer fit the token's alg, and no kid selects one of them",
    })
  })

  test('a key without kid does not use it for tokens with a kid', async () => {
    const verifier = startWith([withoutKid])
    expect(await verifier.check(tokenOf(key))).toMatchObject({ code: 'key_not_found' })
  })
})
