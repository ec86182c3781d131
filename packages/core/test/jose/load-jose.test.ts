import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createVerifier, type Verifier, type VerifierOptions } from '../../src/index.ts'
import { readProofKey } from '../../src/jose/jwk.ts'
import { loadOnce } from '../../src/lib/load-once.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

// What happens if jose cannot be loaded when it is needed. That must not count against a token or a key.

const missing = vi.hoisted(() => new Set<'keys' | 'signatures'>())
vi.mock('../../src/jose/load-jose.ts', async (original) => {
  const actual = await original<typeof import('../../src/jose/load-jose.ts')>()
  const unlessMissing = <T>(part: 'keys' | 'signatures', load: () => Promise<T>): Promise<T> =>
    loadOnce('jose', async () => {
      if (missing.has(part)) throw new TypeError('too many open files')
      return load()
    })()
  return {
    loadKeyFunctionsEarly: actual.loadKeyFunctionsEarly,
    loadKeyFunctions: () => unlessMissing('keys', actual.loadKeyFunctions),
    loadVerifyFunctions: () => unlessMissing('signatures', actual.loadVerifyFunctions),
  }
})
beforeEach(() => missing.clear())

const issuer = await startIssuer()
const token = issuer.token({ aud })
const problem = 'jose could not be loaded: too many open files'
const unavailable = {
  ok: false,
  code: 'keys_unavailable',
  reason: expect.stringContaining(problem),
}

function verifierWith(options: VerifierOptions = {}): Verifier {
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  onTestFinished(() => verifier.close())
  return verifier
}

test('keys from the option jwks are unavailable until jose can be loaded', async () => {
  missing.add('keys')
  const verifier = verifierWith({ jwks: { keys: [issuer.key.publicJwk] } })
  await expect(verifier.warmUp()).rejects.toThrow(problem)
  expect(await verifier.check(token)).toMatchObject(unavailable)
  missing.clear()
  expect(await verifier.check(token)).toMatchObject({ ok: true })
})

test('fetched keys are unavailable until jose can be loaded', async () => {
  missing.add('keys')
  const verifier = verifierWith()
  expect(await verifier.check(token)).toMatchObject(unavailable)
  expect(verifier.health().issuers[0]).toMatchObject({ skipped: [], lastError: problem })
  missing.clear()
  // The next fetch is allowed after a second.
  issuer.clock.advance(5)
  await verifier.warmUp()
  expect(await verifier.check(token)).toMatchObject({ ok: true })
})

test('the key of a DPoP proof is not called unusable if jose cannot be loaded', async () => {
  missing.add('keys')
  await expect(readProofKey(issuer.key.publicJwk, 'ES256')).rejects.toThrow(problem)
})

test('a signature is not called invalid if jose cannot be loaded', async () => {
  missing.add('signatures')
  const verifier = verifierWith({ cryptography: 'webcrypto' })
  expect(await verifier.check(token)).toMatchObject({ ok: false, code: 'verification_failed' })
  missing.clear()
  expect(await verifier.check(token)).toMatchObject({ ok: true })
})

test('with node:crypto, no code for signatures is loaded', async () => {
  missing.add('signatures')
  expect(await verifierWith().check(token)).toMatchObject({ ok: true })
})
