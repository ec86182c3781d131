import { createSigningKey, createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, VerificationError, type VerifierOptions } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// A fetched key set without usable keys is an outage. It must not look ready and then refuse every token.

const issuer = await createTestIssuer({ algorithm: 'RS256' })
afterAll(() => issuer.close())
const good = issuer.key.publicJwk
const { kid } = issuer.key
const { n: _n, e: _e, ...withoutNumbers } = good

/** A verifier whose issuer publishes these entries. */
function startWith(keys: readonly object[], options: VerifierOptions = {}) {
  const published = { keys, fetches: 0 }
  const fetch = async (): Promise<Response> => {
    published.fetches += 1
    return Response.json({ keys: published.keys })
  }
  const { jwksUri } = issuer
  const verifier = createVerifier({ ...optionsFor(issuer), jwksUri, fetch, ...options })
  onTestFinished(() => verifier.close())
  return { verifier, published }
}

const unusable: readonly (readonly [what: string, keys: readonly object[], reason: string])[] = [
  ['key_ops is ["sign"]', [{ ...good, key_ops: ['sign'] }], 'key_ops does not allow "verify"'],
  ['alg is null', [{ ...good, alg: null }], 'alg is not a string'],
  ['alg is for encryption', [{ ...good, alg: 'RSA-OAEP' }], 'alg "RSA-OAEP" is not an allowed'],
  ['use is "enc"', [{ ...good, use: 'enc' }], 'use is not "sig"'],
  ['use is empty', [{ ...good, use: '' }], 'use is not "sig"'],
  ['n has padding', [{ ...good, n: `${String(good['n'])}==` }], 'n or e is missing or malformed'],
  ['there is only x5c', [{ ...withoutNumbers, x5c: ['MII'] }], 'contains only a certificate (x5c)'],
]

describe('a published key set whose only key is unusable', () => {
  test.each(unusable)('(%s) is an outage that names the key and the reason', async (...row) => {
    const [, keys, reason] = row
    const { verifier } = startWith(keys)
    const error: unknown = await verifier.warmUp().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(VerificationError)
    const what = `GET ${issuer.jwksUri}: the key set has no usable key: "${kid}" (${reason}`
    const message = `JWKS of '${issuer.url}' is unavailable: it has no usable key (${what}`
    expect(error).toMatchObject({
      code: 'keys_unavailable',
      reason: expect.stringContaining(message),
    })
    expect(verifier.ready()).toBe(false)
    expect(verifier.health().issuers[0]).toMatchObject({
      state: 'none',
      keys: 0,
      skipped: [{ kid, reason: expect.stringContaining(reason) }],
      lastError: expect.stringContaining(what),
    })
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({
      outcome: 'unavailable',
      code: 'keys_unavailable',
    })
  })

  test.each(unusable)('(%s) has no effect next to a usable key', async (_what, keys) => {
    const sibling = createSigningKey('ES256', 'sibling')
    const { verifier } = startWith([...keys, sibling.publicJwk])
    await verifier.warmUp()
    expect(verifier.ready()).toBe(true)
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({
      outcome: 'refused',
      code: 'key_not_found',
    })
  })
})

test('an empty key set is an outage, and it ends when a key is published', async () => {
  const { verifier, published } = startWith([])
  const token = issuer.token({ aud })
  expect(await verifier.check(token)).toMatchObject({
    code: 'keys_unavailable',
    reason: `JWKS of '${issuer.url}' is unavailable: it has no usable key (GET ${issuer.jwksUri}: the key set has no usable key: it is empty)`,
  })
  expect(verifier.ready()).toBe(false)
  published.keys = [good]
  // Until the first retry, which is due within a second, requests cause no fetch.
  expect(await verifier.check(token)).toMatchObject({ code: 'keys_unavailable' })
  expect(published.fetches).toBe(1)
  issuer.clock.advance(1)
  await expect.poll(() => verifier.ready()).toBe(true)
  expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh', keys: 1, skipped: [] })
  expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
})

test('a key set whose keys are all for algorithms that are not listed is an outage', async () => {
  const { verifier } = startWith([good], { algorithms: ['ES256'] })
  await expect(verifier.warmUp()).rejects.toThrow('alg "RS256" is not an allowed algorithm')
  expect(verifier.ready()).toBe(false)
})

test('a key set whose only key is blocked is not ready, and its tokens are refused', async () => {
  const { verifier } = startWith([good])
  await verifier.warmUp()
  verifier.blockKey({ issuer: issuer.url, kid })
  expect(verifier.ready()).toBe(false)
  expect(await verifier.check(issuer.token({ aud }))).toMatchObject({
    code: 'key_not_found',
    reason: "the key with the token's kid is blocked with blockKey()",
  })
  const withoutKid = issuer.token({ aud, header: { kid: undefined } })
  expect(await verifier.check(withoutKid)).toMatchObject({
    code: 'keys_unavailable',
    reason: expect.stringContaining('is unavailable: every key is blocked ('),
  })
  const blocked = { kid, reason: 'blocked with blockKey()' }
  expect(verifier.health().issuers[0]).toMatchObject({ state: 'none', skipped: [blocked] })
})

test('a stored key set without usable keys is not restored', async () => {
  const values = new Map<string, string>()
  const store = {
    get: async (name: string) => values.get(name),
    set: async (name: string, value: string) => void values.set(name, value),
  }
  const keyStore = { store, secret: 'a secret of at least 32 characters' }
  const { verifier } = startWith([good], { keyStore })
  await verifier.warmUp()
  await expect.poll(() => values.size).toBe(1)
  const later = startWith([], { keyStore, algorithms: ['ES256'] })
  expect(await later.verifier.check(issuer.token({ aud }))).toMatchObject({
    code: 'algorithm_not_allowed',
  })
  await expect(later.verifier.warmUp()).rejects.toMatchObject({ code: 'keys_unavailable' })
  expect(later.verifier.health().issuers[0]).toMatchObject({ state: 'none', keys: 0 })
})
