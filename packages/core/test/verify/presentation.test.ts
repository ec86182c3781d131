import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import {
  ConfigError,
  createVerifier,
  defaultProfile,
  type Hint,
  type TokenPresentation,
} from '../../src/index.ts'
import { thumbprintOf } from '../../src/jose/jwk.ts'
import { clientKey, sha256, signProof } from '../binding/dpop-fixture.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const clock = createTestClock(new Date(1_700_000_000_000))
const issuer = await startIssuer({ clock })
const verifier = createVerifier(optionsFor(issuer))
const key = clientKey()
const jkt = await thumbprintOf(key.jwk as { kty: string })
const url = 'https://api.example/orders'
const certificate = Buffer.from('3003020101', 'hex')
const thumbprint = { 'x5t#S256': sha256(certificate) }

const tokenFor = (cnf: object): string => issuer.token({ aud, claims: { cnf } })
const proofOf = (token: string, method = 'GET'): string =>
  signProof(key, { claims: { iat: clock.now() / 1000, ath: sha256(token), htm: method } })
const outcomeOf = async (token: string, presentation?: TokenPresentation): Promise<string> => {
  const result = await verifier.check(token, presentation)
  return result.ok ? 'granted' : result.code
}

describe('a verifier accepts a token', () => {
  test('that is bound with DPoP, with a proof for the method and the URL', async () => {
    const token = tokenFor({ jkt })
    const dpop = { proof: proofOf(token, 'POST'), method: 'POST', url }
    expect(await outcomeOf(token, { dpop: { ...dpop, method: 'GET' } })).toBe('proof_mismatch')
    expect(await outcomeOf(token, { dpop: { ...dpop, url: `${url}/1` } })).toBe('proof_mismatch')
    expect(await outcomeOf(token)).toBe('binding_unproven')
    expect(await outcomeOf(token, { dpop })).toBe('granted')
    expect(await outcomeOf(token, { dpop })).toBe('proof_replayed')
  })

  test('that is bound to a certificate, with that certificate', async () => {
    const token = tokenFor(thumbprint)
    const other = Buffer.from('3003020102', 'hex')
    expect(await outcomeOf(token, { certificate: other })).toBe('binding_mismatch')
    expect(await outcomeOf(token, {})).toBe('binding_unsupported')
    expect(await outcomeOf(token, { certificate })).toBe('granted')
  })

  test('that is bound with both, with both', async () => {
    const token = tokenFor({ jkt, ...thumbprint })
    const dpop = { proof: proofOf(token), method: 'GET', url }
    expect(await outcomeOf(token, { dpop })).toBe('binding_unsupported')
    expect(await outcomeOf(token, { certificate })).toBe('binding_unproven')
    expect(await outcomeOf(token, { dpop, certificate })).toBe('granted')
  })

  test('that is not bound, with or without a certificate', async () => {
    const token = issuer.token({ aud })
    expect(await outcomeOf(token)).toBe('granted')
    expect(await outcomeOf(token, {})).toBe('granted')
    expect(await outcomeOf(token, { certificate })).toBe('granted')
  })
})

describe('a bound token', () => {
  const present = (token: string): TokenPresentation => ({
    dpop: { proof: proofOf(token), method: 'GET', url },
  })

  test('is returned with its content, even from the cache', async () => {
    const token = tokenFor({ jkt })
    for (let use = 0; use < 3; use += 1) {
      const { subject, confirmation } = await verifier.verify(token, present(token))
      expect({ subject, confirmation }).toEqual({ subject: 'user-42', confirmation: { jkt } })
    }
  })

  test('is refused for its actor, even from the cache', async () => {
    const direct = createVerifier({ ...optionsFor(issuer), delegation: 'direct' })
    const token = issuer.token({ aud, claims: { cnf: { jkt }, act: { sub: 'a' } } })
    for (let use = 0; use < 3; use += 1) {
      expect(await direct.check(token, present(token))).toMatchObject({
        code: 'delegation_forbidden',
      })
    }
  })

  test('is refused with the hint of its profile, even from the cache', async () => {
    const message = 'Send a proof.'
    const hint: Hint = {
      codes: ['binding_unproven'],
      when: ({ claims }) => !!claims['cnf'],
      message,
    }
    const profile = { ...defaultProfile, hints: [hint] }
    const options = { ...optionsFor(issuer), issuer: { issuer: issuer.url, profile } }
    const hinting = createVerifier(options)
    const token = tokenFor({ jkt })
    for (let use = 0; use < 3; use += 1) {
      const refused = await hinting.check(token)
      expect(refused).toMatchObject({ code: 'binding_unproven' })
      expect(refused).toHaveProperty('reason', expect.stringMatching(/\. Send a proof\.$/))
      expect(await hinting.check(token, present(token))).toMatchObject({ ok: true })
    }
  })
})

describe('a presentation is refused', () => {
  const token = tokenFor({ jkt })
  const expectMisuse = async (presentation: unknown, error: ConfigError): Promise<void> => {
    await expect(verifier.verify(token, presentation as never)).rejects.toEqual(error)
    await expect(verifier.check(token, presentation as never)).rejects.toEqual(error)
  }

  test.each([null, 'x', []])('if it is %j', async (presentation) => {
    await expect(verifier.check(token, presentation as never)).rejects.toThrow(
      'An object of presentation members is required',
    )
  })

  test.each([
    { proof: 'x' },
    { dpop: { proof: 'x', method: 'GET', url }, proof: 'x' },
    { certificate: 'x' },
    { certificate: null },
    { certificate: [48, 3] },
  ])('if it is %j', async (presentation) => {
    await expectMisuse(
      presentation,
      new ConfigError(
        "A presentation must contain 'dpop', 'certificate', or both.",
        'Pass the certificate in DER, as a Uint8Array.',
      ),
    )
  })

  test.each([
    {},
    { proof: 'x', method: 'GET' },
    { proof: 'x', url },
    { method: 'GET', url },
    { proof: '', method: 'GET', url },
    { proof: 'x', method: '', url },
    { proof: 'x', method: 'GET', url: '' },
    { proof: 'x', method: 'GET', url: new URL(url) },
  ])('if its dpop is %j', async (dpop) => {
    await expectMisuse(
      { dpop },
      new ConfigError(
        "'dpop' must have a proof, a method, and a url.",
        "Pass { proof, method: 'GET', url: 'https://api.example.com/orders' }.",
      ),
    )
  })

  test('if its dpop is not an object', async () => {
    await expect(verifier.check(token, { dpop: 'x' as never })).rejects.toThrow(
      'An object of dpop members is required, got a string.',
    )
  })
})
