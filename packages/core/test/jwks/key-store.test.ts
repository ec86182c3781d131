import { setTimeout as later } from 'node:timers/promises'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type KeyStore, type Verifier } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// A service that starts while its issuer is down, and what a store may do to it.

const secret = 'a secret of at least 32 characters'

interface Shelf extends KeyStore {
  readonly kept: Map<string, string>
}

function createShelf(): Shelf {
  const kept = new Map<string, string>()
  return {
    kept,
    get: async (name) => kept.get(name),
    set: async (name, value) => kept.set(name, value),
  }
}

function verifierOn(issuer: TestIssuer, store: KeyStore, key = secret): Verifier {
  const verifier = createVerifier({ ...optionsFor(issuer), keyStore: { store, secret: key } })
  onTestFinished(() => verifier.close())
  return verifier
}

/** An issuer whose keys were stored, and which is down now. */
async function storedAndDown(): Promise<{ readonly issuer: TestIssuer; readonly shelf: Shelf }> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const shelf = createShelf()
  await verifierOn(issuer, shelf).warmUp()
  await expect.poll(() => shelf.kept.size).toBe(1)
  issuer.stop()
  return { issuer, shelf }
}

const ask = async (verifier: Verifier, token: string): Promise<string> => {
  const verdict = await verifier.check(token)
  return verdict.ok ? 'granted' : verdict.code
}

test('a stored set serves who starts in an outage', async () => {
  const { issuer, shelf } = await storedAndDown()
  expect(await ask(verifierOn(issuer, shelf), issuer.token({ aud }))).toBe('granted')
  const warmed = verifierOn(issuer, shelf)
  await warmed.warmUp()
  expect(warmed.ready()).toBe(true)
})

test('and who has no store gets no verdict', async () => {
  const { issuer } = await storedAndDown()
  expect(await ask(verifierOn(issuer, createShelf()), issuer.token({ aud }))).toBe(
    'keys_unavailable',
  )
})

test('it serves for as long as in a process that did not stop: 59 minutes past its freshness', async () => {
  const { issuer, shelf } = await storedAndDown()
  issuer.clock.advance(64 * 60)
  const early = verifierOn(issuer, shelf)
  expect(await ask(early, issuer.token({ aud }))).toBe('granted')
  issuer.clock.advance(2 * 60)
  expect(await ask(early, issuer.token({ aud }))).toBe('keys_unavailable')
  expect(await ask(verifierOn(issuer, shelf), issuer.token({ aud }))).toBe('keys_unavailable')
})

test('an evicted key does not come back from the store', async () => {
  const { issuer, shelf } = await storedAndDown()
  const verifier = verifierOn(issuer, shelf)
  verifier.blockKey(issuer.key.kid)
  expect(await ask(verifier, issuer.token({ aud }))).toBe('keys_unavailable')
})

test('a key that is newer than the stored set is found at once', async () => {
  const { issuer, shelf } = await storedAndDown()
  issuer.rotateKeys()
  issuer.resume()
  expect(await ask(verifierOn(issuer, shelf), issuer.token({ aud }))).toBe('granted')
})

test('a set that the issuer gave is not replaced by an older one of the store', async () => {
  const { issuer, shelf } = await storedAndDown()
  const old = issuer.token({ aud })
  issuer.rotateKeys({ overlap: false })
  issuer.resume()
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const slow = { ...shelf, get: (name: string) => released.then(() => shelf.get(name)) }
  const verifier = verifierOn(issuer, slow)
  const attempted = verifier.warmUp()
  await expect.poll(() => verifier.health().issuers[0]).toMatchObject({ keys: 1 })
  release()
  await attempted
  expect(await ask(verifier, old)).toBe('key_not_found')
})

describe('what a store hands out is nothing', () => {
  // Not always the same letter: keys are made anew, and some begin with it.
  const otherKey = (text: string): string =>
    text.replace(/"x":"(.)/, (_, first) => `"x":"${first === 'A' ? 'B' : 'A'}`)
  const changes: readonly (readonly [string, (text: string) => string])[] = [
    ['with another key in it', otherKey],
    ['with a later time', (text) => text.replace(/"at":1/, '"at":2')],
    ['without an HMAC', (text) => text.slice(text.indexOf('.'))],
    ['with an empty HMAC and the secret left out', (text) => `.${text}`],
    ['that is empty', () => ''],
    ['that is very long', (text) => text + ' '.repeat(1_048_576)],
  ]
  test.each(changes)('%s', async (_what, change) => {
    const { issuer, shelf } = await storedAndDown()
    for (const [name, text] of shelf.kept) {
      expect(change(text)).not.toBe(text)
      shelf.kept.set(name, change(text))
    }
    expect(await ask(verifierOn(issuer, shelf), issuer.token({ aud }))).toBe('keys_unavailable')
  })

  test('under another secret', async () => {
    const { issuer, shelf } = await storedAndDown()
    const other = verifierOn(issuer, shelf, `${secret}!`)
    expect(await ask(other, issuer.token({ aud }))).toBe('keys_unavailable')
  })

  test("where it is another issuer's", async () => {
    const one = await storedAndDown()
    const other = await storedAndDown()
    const [text = ''] = one.shelf.kept.values()
    for (const name of other.shelf.kept.keys()) other.shelf.kept.set(name, text)
    const forged = one.issuer.sign({
      header: { typ: 'at+jwt', alg: 'ES256', kid: one.issuer.key.kid },
      payload: { iss: other.issuer.url },
    })
    expect(await ask(verifierOn(other.issuer, other.shelf), forged)).toBe('keys_unavailable')
  })
})

test('a store that fails or hangs changes nothing', async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const failing = { get: () => Promise.reject(new Error('gone')), set: () => Promise.reject() }
  expect(await ask(verifierOn(issuer, failing), issuer.token({ aud }))).toBe('granted')
  const hanging = { get: () => later(60_000, '', { ref: false }), set: () => later(0) }
  expect(await ask(verifierOn(issuer, hanging), issuer.token({ aud }))).toBe('granted')
})

test.each([
  ['no store', { secret }, "'keyStore.store' must have the methods get() and set()"],
  ['half a store', { store: { get: () => {} }, secret }, "'keyStore.store' must have"],
  ['a short secret', { store: createShelf(), secret: 'short' }, 'at least 32 characters'],
  ['no secret', { store: createShelf() }, 'at least 32 characters'],
  ['more', { store: createShelf(), secret, ttl: 1 }, "Unknown keyStore option 'ttl'"],
])('%s is a ConfigError', (_what, keyStore, says) => {
  const make = (): unknown =>
    createVerifier({ issuer: 'https://as.example.com', audience: aud, keyStore } as never)
  expect(make).toThrow(says)
})
