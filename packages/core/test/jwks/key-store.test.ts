import { setTimeout as later } from 'node:timers/promises'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type KeyStore, type Verifier } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// A verifier that starts while its issuer is down, and a key store that is not trusted.

const secret = 'a secret of at least 32 characters'

interface MemoryStore extends KeyStore {
  readonly values: Map<string, string>
}

function createMemoryStore(): MemoryStore {
  const values = new Map<string, string>()
  return {
    values,
    get: async (name) => values.get(name),
    set: async (name, value) => values.set(name, value),
  }
}

function startVerifier(issuer: TestIssuer, store: KeyStore, key = secret): Verifier {
  const verifier = createVerifier({ ...optionsFor(issuer), keyStore: { store, secret: key } })
  onTestFinished(() => verifier.close())
  return verifier
}

/** Stores the keys of an issuer and stops the issuer. */
async function storeKeysAndStop(): Promise<{
  readonly issuer: TestIssuer
  readonly store: MemoryStore
}> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const store = createMemoryStore()
  await startVerifier(issuer, store).warmUp()
  await expect.poll(() => store.values.size).toBe(1)
  issuer.stop()
  return { issuer, store }
}

const outcomeOf = async (verifier: Verifier, token: string): Promise<string> => {
  const result = await verifier.check(token)
  return result.ok ? 'granted' : result.code
}

test('a verifier that starts in an outage uses the stored key set', async () => {
  const { issuer, store } = await storeKeysAndStop()
  expect(await outcomeOf(startVerifier(issuer, store), issuer.token({ aud }))).toBe('granted')
  const verifier = startVerifier(issuer, store)
  await verifier.warmUp()
  expect(verifier.ready()).toBe(true)
})

test('a verifier that starts in an outage with an empty store returns keys_unavailable', async () => {
  const { issuer } = await storeKeysAndStop()
  expect(await outcomeOf(startVerifier(issuer, createMemoryStore()), issuer.token({ aud }))).toBe(
    'keys_unavailable',
  )
})

test('a restart does not extend the use of the stored key set beyond staleIfError', async () => {
  const { issuer, store } = await storeKeysAndStop()
  issuer.clock.advance(64 * 60)
  const verifier = startVerifier(issuer, store)
  expect(await outcomeOf(verifier, issuer.token({ aud }))).toBe('granted')
  issuer.clock.advance(2 * 60)
  expect(await outcomeOf(verifier, issuer.token({ aud }))).toBe('keys_unavailable')
  expect(await outcomeOf(startVerifier(issuer, store), issuer.token({ aud }))).toBe(
    'keys_unavailable',
  )
})

test('a blocked key is not restored from the store', async () => {
  const { issuer, store } = await storeKeysAndStop()
  const verifier = startVerifier(issuer, store)
  verifier.blockKey({ issuer: issuer.url, kid: issuer.key.kid })
  expect(await outcomeOf(verifier, issuer.token({ aud }))).toBe('key_not_found')
  const withoutKid = issuer.token({ aud, header: { kid: undefined } })
  expect(await outcomeOf(verifier, withoutKid)).toBe('keys_unavailable')
})

test('a key that is newer than the stored key set is found immediately', async () => {
  const { issuer, store } = await storeKeysAndStop()
  issuer.rotateKeys()
  issuer.resume()
  expect(await outcomeOf(startVerifier(issuer, store), issuer.token({ aud }))).toBe('granted')
})

test('a fetched key set is not replaced by an older one from the store', async () => {
  const { issuer, store } = await storeKeysAndStop()
  const oldToken = issuer.token({ aud })
  issuer.rotateKeys({ overlap: false })
  issuer.resume()
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const slowStore = { ...store, get: (name: string) => released.then(() => store.get(name)) }
  const verifier = startVerifier(issuer, slowStore)
  const warmUp = verifier.warmUp()
  await new Promise((resolve) => setImmediate(resolve))
  issuer.clock.advance(0.25)
  await expect.poll(() => verifier.health().issuers[0]).toMatchObject({ keys: 1 })
  release()
  await warmUp
  expect(await outcomeOf(verifier, oldToken)).toBe('key_not_found')
})

describe('a stored value is ignored', () => {
  // The keys are random, so the replacement must differ from the first letter.
  const otherKey = (text: string): string =>
    text.replace(/"x":"(.)/, (_, first) => `"x":"${first === 'A' ? 'B' : 'A'}`)
  const changes: readonly (readonly [string, (text: string) => string])[] = [
    ['if its key was replaced', otherKey],
    ['if its time was changed', (text) => text.replace(/"at":1/, '"at":2')],
    ['if its HMAC was removed', (text) => text.slice(text.indexOf('.'))],
    ['if an empty HMAC was added', (text) => `.${text}`],
    ['if it is empty', () => ''],
    ['if it is too long', (text) => text + ' '.repeat(1_048_576)],
  ]
  test.each(changes)('%s', async (_what, change) => {
    const { issuer, store } = await storeKeysAndStop()
    for (const [name, text] of store.values) {
      expect(change(text)).not.toBe(text)
      store.values.set(name, change(text))
    }
    expect(await outcomeOf(startVerifier(issuer, store), issuer.token({ aud }))).toBe(
      'keys_unavailable',
    )
  })

  test('if its HMAC was made with another secret', async () => {
    const { issuer, store } = await storeKeysAndStop()
    const other = startVerifier(issuer, store, `${secret}!`)
    expect(await outcomeOf(other, issuer.token({ aud }))).toBe('keys_unavailable')
  })

  test('if it belongs to another issuer', async () => {
    const one = await storeKeysAndStop()
    const other = await storeKeysAndStop()
    const [text = ''] = one.store.values.values()
    for (const name of other.store.values.keys()) other.store.values.set(name, text)
    const forged = one.issuer.sign({
      header: { typ: 'at+jwt', alg: 'ES256', kid: one.issuer.key.kid },
      payload: { iss: other.issuer.url },
    })
    expect(await outcomeOf(startVerifier(other.issuer, other.store), forged)).toBe(
      'keys_unavailable',
    )
  })
})

test('a store that fails or does not respond has no effect on the result', async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const failingStore = { get: () => Promise.reject(new Error('gone')), set: () => Promise.reject() }
  expect(await outcomeOf(startVerifier(issuer, failingStore), issuer.token({ aud }))).toBe(
    'granted',
  )
  const hangingStore = { get: () => later(60_000, '', { ref: false }), set: () => later(0) }
  expect(await outcomeOf(startVerifier(issuer, hangingStore), issuer.token({ aud }))).toBe(
    'granted',
  )
})

test.each([
  ['no store', { secret }, "'keyStore.store' must have the methods get() and set()"],
  ['a store without set()', { store: { get: () => {} }, secret }, "'keyStore.store' must have"],
  ['a short secret', { store: createMemoryStore(), secret: 'short' }, 'at least 32 characters'],
  ['no secret', { store: createMemoryStore() }, 'at least 32 characters'],
  [
    'an unknown option',
    { store: createMemoryStore(), secret, ttl: 1 },
    "Unknown keyStore option 'ttl'",
  ],
])('keyStore with %s is a ConfigError', (_what, keyStore, message) => {
  const create = (): unknown =>
    createVerifier({ issuer: 'https://as.example.com', audience: aud, keyStore } as never)
  expect(create).toThrow(message)
})
