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

// The keys in the option `jwks`.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const good = issuer.key.publicJwk
const privateJwk = { ...good, d: 'secret' }
const token = issuer.token({ aud })

function verifierWith(options: VerifierOptions): Verifier {
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  onTestFinished(() => verifier.close())
  return verifier
}

const verifierWithKeys = (...keys: readonly object[]): Verifier => verifierWith({ jwks: { keys } })
const healthOf = (verifier: Verifier): unknown => verifier.health().issuers[0]
const neverFetched = { fetches: 0, failures: 0, inFlight: false }

test('the keys are used from the first token on and never fetched', async () => {
  const verifier = verifierWithKeys(good, privateJwk)
  expect(verifier.ready()).toBe(false)
  expect(healthOf(verifier)).toEqual({
    issuer: issuer.url,
    state: 'none',
    keys: 0,
    skipped: [],
    ...neverFetched,
  })
  expect(await verifier.check(token)).toMatchObject({ ok: true })
  expect(verifier.ready()).toBe(true)
  const skipped = ['contains private key members']
  const health = { issuer: issuer.url, state: 'fresh', keys: 1, skipped, ...neverFetched }
  expect(healthOf(verifier)).toEqual(health)
  await verifier.warmUp()
  await verifier.refreshKeys()
  issuer.clock.advance(7200)
  expect(verifier.ready()).toBe(true)
  expect(healthOf(verifier)).toEqual(health)
  expect(issuer.requests).toEqual({ discovery: 0, keys: 0 })
})

test.each(['warmUp', 'refreshKeys'] as const)(
  'if no key is usable, %s() throws a ConfigError with the reasons',
  async (name) => {
    const verifier = verifierWithKeys(privateJwk, { ...good, use: 'enc' })
    const message =
      'No key in \'jwks\' is usable: contains private key members; use is not "sig". ' +
      'Pass public signature keys.'
    const error: unknown = await verifier[name]().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toHaveProperty('message', message)
    expect(verifier.ready()).toBe(false)
    expect(await verifier.check(token)).toMatchObject({ code: 'key_not_found' })
  },
)

test('a cached token is refused when its key is blocked', async () => {
  const verifier = verifierWithKeys(good)
  const newToken = issuer.token({ aud })
  // A token is cached at its second use.
  for (const hits of [0, 0, 1]) {
    expect(await verifier.check(newToken)).toMatchObject({ ok: true })
    expect(verifier.health().cache).toMatchObject({ hits })
  }
  verifier.blockKey(issuer.key.kid)
  expect(await verifier.check(newToken)).toMatchObject({ code: 'key_not_found' })
})

test('a key that is blocked before the keys are read is not used', async () => {
  const verifier = verifierWithKeys(good)
  verifier.blockKey(issuer.key.kid)
  expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ code: 'key_not_found' })
})

test('find() is synchronous after the keys are read', async () => {
  const options = { ...optionsFor(issuer), jwks: { keys: [good] } }
  const policy = createPolicy(options, 'verifier').issuers.get(issuer.url)!
  const keys = new LocalKeySet([good], policy)
  const header = { alg: 'ES256', kid: issuer.key.kid, typ: undefined }
  const found = keys.find(header)
  expect(found).toBeInstanceOf(Promise)
  expect(await found).toMatchObject({ kid: issuer.key.kid })
  expect(keys.find(header)).toBe(await found)
})

test('without the option jwks, the keys are fetched', async () => {
  const verifier = verifierWith({})
  await verifier.warmUp()
  expect(healthOf(verifier)).toMatchObject({ state: 'fresh', keys: 1, fetches: 1 })
})
