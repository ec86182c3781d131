import { createSigningKey, createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
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
  const skipped = [{ kid: issuer.key.kid, reason: 'contains private key members' }]
  const health = { issuer: issuer.url, state: 'fresh', keys: 1, skipped, ...neverFetched }
  expect(healthOf(verifier)).toEqual(health)
  await verifier.warmUp()
  await verifier.refreshKeys()
  issuer.clock.advance(7200)
  expect(verifier.ready()).toBe(true)
  expect(healthOf(verifier)).toEqual(health)
  expect(issuer.requests).toEqual({ discovery: 0, keys: 0 })
})

describe('if no key is usable', () => {
  const fix = 'Pass public signature keys.'

  test.each<[what: string, keys: readonly object[], reasons: string]>([
    [
      'private keys and keys for encryption',
      [privateJwk, { ...good, kid: 'k2', use: 'enc' }],
      '"key-1" (contains private key members), "k2" (use is not "sig")',
    ],
    ['key_ops without verify', [{ ...good, key_ops: ['sign'] }], '"key-1" (key_ops does not'],
    ['an alg that is null', [{ ...good, alg: null }], '"key-1" (alg is not a string)'],
    ['a key without kid', [{ kty: 'RSA', x5c: ['MII'] }], 'one without kid (contains only a cert'],
  ])('createVerifier throws a ConfigError that names each key (%s)', (_what, keys, reasons) => {
    let error: unknown
    try {
      verifierWithKeys(...keys)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining(`No key in 'jwks' is usable: ${reasons}`),
    )
    expect(error).toHaveProperty('fix', fix)
  })

  test.each(['warmUp', 'refreshKeys'] as const)(
    '%s() throws a ConfigError if only importing the keys shows it, and tokens are keys_unavailable',
    async (name) => {
      const verifier = verifierWithKeys({ ...good, y: good['x'] }, privateJwk)
      const problem =
        'No key in \'jwks\' is usable: "key-1" (cannot be imported), "key-1" (contains private key members).'
      const message = `${problem} ${fix}`
      const error: unknown = await verifier[name]().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ConfigError)
      expect(error).toHaveProperty('message', message)
      expect(verifier.ready()).toBe(false)
      expect(await verifier.check(token)).toEqual({
        ok: false,
        outcome: 'unavailable',
        code: 'keys_unavailable',
        reason: `JWKS of '${issuer.url}' is unavailable: ${message}`,
      })
    },
  )

  test('a token of a resolved issuer is not refused but unavailable', async () => {
    const options = optionsFor(issuer)
    const jwks = { keys: [privateJwk] }
    const verifier = createVerifier({
      audience: options.audience,
      clock: options.clock,
      resolveIssuer: (iss) => ({ issuer: iss, jwks }),
    })
    expect(await verifier.check(token)).toMatchObject({
      outcome: 'unavailable',
      code: 'verification_failed',
      reason: expect.stringContaining("No key in 'jwks' is usable"),
    })
  })
})

describe('a key without kid', () => {
  const { kid: _, ...withoutKid } = good
  const named = createSigningKey('ES256', 'named')

  test('serves tokens with any kid and without one', async () => {
    const verifier = verifierWithKeys(withoutKid)
    for (const kid of [issuer.key.kid, 'any', undefined])
      expect(await verifier.check(issuer.token({ aud, header: { kid } }))).toMatchObject({
        ok: true,
      })
    expect(await verifier.check(issuer.forge.unknownKey({ aud }))).toMatchObject({
      code: 'signature_invalid',
    })
  })

  test('does not serve tokens with the kid of another key', async () => {
    const verifier = verifierWithKeys(withoutKid, named.publicJwk)
    const codeFor = async (kid: string | undefined): Promise<unknown> => {
      const result = await verifier.check(issuer.token({ aud, header: { kid } }))
      return result.ok ? 'granted' : result.code
    }
    expect(await codeFor('any')).toBe('granted')
    expect(await codeFor('named')).toBe('signature_invalid')
    // Two keys fit, and no kid selects one of them.
    expect(await codeFor(undefined)).toBe('key_ambiguous')
  })

  test('is one of several for the same algorithm: the token is refused as key_ambiguous', async () => {
    const { kid: _kid, ...other } = named.publicJwk
    const verifier = verifierWithKeys(withoutKid, other)
    expect(await verifier.check(token)).toMatchObject({ code: 'key_ambiguous' })
  })

  test('is blocked together with the kid of the tokens it serves', async () => {
    const verifier = verifierWithKeys(withoutKid)
    await verifier.warmUp()
    verifier.blockKey({ issuer: issuer.url, kid: issuer.key.kid })
    expect(await verifier.check(token)).toMatchObject({ code: 'key_not_found' })
    const otherKid = issuer.token({ aud, header: { kid: 'other' } })
    expect(await verifier.check(otherKid)).toMatchObject({ code: 'keys_unavailable' })
    expect(verifier.health().issuers[0]?.skipped).toEqual([{ reason: 'blocked with blockKey()' }])
  })

  test('is not blocked with the kid of another key', async () => {
    const verifier = verifierWithKeys(withoutKid, named.publicJwk)
    await verifier.warmUp()
    verifier.blockKey({ issuer: issuer.url, kid: 'named' })
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
    expect(verifier.health().issuers[0]).toMatchObject({ keys: 1 })
  })
})

test('a token without kid is verified with the only key, whatever its kid', async () => {
  const withoutKid = issuer.token({ aud, header: { kid: undefined } })
  expect(await verifierWithKeys(good).check(withoutKid)).toMatchObject({ ok: true })
  const other = createSigningKey('ES256', 'named').publicJwk
  expect(await verifierWithKeys(good, other).check(withoutKid)).toMatchObject({
    code: 'key_ambiguous',
  })
})

test('a cached token is refused when its key is blocked', async () => {
  const verifier = verifierWithKeys(good)
  const newToken = issuer.token({ aud })
  // A token is cached at its second use.
  for (const hits of [0, 0, 1]) {
    expect(await verifier.check(newToken)).toMatchObject({ ok: true })
    expect(verifier.health().cache).toMatchObject({ hits })
  }
  verifier.blockKey({ issuer: issuer.url, kid: issuer.key.kid })
  expect(await verifier.check(newToken)).toMatchObject({ code: 'key_not_found' })
})

test('a key that is blocked before the keys are read is not used', async () => {
  const verifier = verifierWithKeys(good)
  verifier.blockKey({ issuer: issuer.url, kid: issuer.key.kid })
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
