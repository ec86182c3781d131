import { createTestIssuer } from '@resource-server/testing'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { LocalKeySet } from '../../src/jwks/local.ts'
import { createPolicy } from '../../src/config/policy.ts'
import {
  ConfigError,
  createVerifier,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// Keys that a user gave, and whose source is which.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const good = issuer.key.publicJwk
const secretKey = { ...good, d: 'secret' }
const token = issuer.token({ aud })

function verifierWith(options: VerifierOptions): Verifier {
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  onTestFinished(() => verifier.close())
  return verifier
}

const fixed = (...keys: readonly object[]): Verifier => verifierWith({ jwks: { keys } })
const healthOf = (verifier: Verifier): unknown => verifier.health().issuers[0]
const unused = { fetches: 0, failures: 0, inFlight: false }

test('they serve from the first token on, and are never fetched', async () => {
  const verifier = fixed(good, secretKey)
  expect(verifier.ready()).toBe(false)
  expect(healthOf(verifier)).toEqual({
    ...{ issuer: issuer.url, state: 'none', keys: 0, skipped: [], ...unused },
  })
  expect(await verifier.check(token)).toMatchObject({ ok: true })
  expect(verifier.ready()).toBe(true)
  const skipped = ['holds private members']
  const health = { issuer: issuer.url, state: 'fresh', keys: 1, skipped, ...unused }
  expect(healthOf(verifier)).toEqual(health)
  await verifier.warmUp()
  await verifier.refreshKeys()
  issuer.clock.advance(7200)
  expect(verifier.ready()).toBe(true)
  expect(healthOf(verifier)).toEqual(health)
  expect(issuer.requests).toEqual({ discovery: 0, keys: 0 })
})

test.each(['warmUp', 'refreshKeys'] as const)(
  'where none can be used, %s says why',
  async (name) => {
    const verifier = fixed(secretKey, { ...good, use: 'enc' })
    const says =
      "No key of 'jwks' can be used: holds private members; not for signatures (use). " +
      'Give public signature keys.'
    const error: unknown = await verifier[name]().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toHaveProperty('message', says)
    expect(verifier.ready()).toBe(false)
    expect(await verifier.check(token)).toMatchObject({ code: 'key_not_found' })
  },
)

test('a remembered token lives no longer than its key', async () => {
  const verifier = fixed(good)
  const fresh = issuer.token({ aud })
  // Remembered from the second use on.
  for (const hits of [0, 0, 1]) {
    expect(await verifier.check(fresh)).toMatchObject({ ok: true })
    expect(verifier.health().cache).toMatchObject({ hits })
  }
  verifier.blockKey(issuer.key.kid)
  expect(await verifier.check(fresh)).toMatchObject({ code: 'key_not_found' })
})

test('a key that is evicted before the keys are read never serves', async () => {
  const verifier = fixed(good)
  verifier.blockKey(issuer.key.kid)
  expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ code: 'key_not_found' })
})

test('once they are read, nobody waits for them', async () => {
  const options = { ...optionsFor(issuer), jwks: { keys: [good] } }
  const policy = createPolicy(options, 'verifier').issuers.get(issuer.url)!
  const keys = new LocalKeySet([good], policy)
  const header = { alg: 'ES256', kid: issuer.key.kid, typ: undefined }
  const found = keys.find(header)
  expect(found).toBeInstanceOf(Promise)
  expect(await found).toMatchObject({ kid: issuer.key.kid })
  expect(keys.find(header)).toBe(await found)
})

test('where no keys are given they are fetched', async () => {
  const verifier = verifierWith({})
  await verifier.warmUp()
  expect(healthOf(verifier)).toMatchObject({ state: 'fresh', keys: 1, fetches: 1 })
})
