import { createHmac } from 'node:crypto'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createVerifier, type KeyStore, type Verifier } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// Runs the web platform's crypto on Node. Our own SHA-256 is replaced by one that fails.
vi.mock('#crypto', () => import('../../src/platform/web-crypto.ts'))
vi.mock('../../src/platform/sha256.ts', () => {
  const fail = (): never => {
    throw new Error('platform/sha256.ts was used')
  }
  return { digest: fail, hmac: fail }
})

const secret = 'a secret of at least 32 characters'

function createStore(): KeyStore & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>()
  return {
    entries,
    get: async (name) => entries.get(name),
    set: async (name, value) => entries.set(name, value),
  }
}

function createStoringVerifier(issuer: TestIssuer, store: KeyStore): Verifier {
  const verifier = createVerifier({ ...optionsFor(issuer), keyStore: { store, secret } })
  onTestFinished(() => verifier.close())
  return verifier
}

/** An issuer that is down, and a store with its key set. */
async function storeKeysAndStop(): Promise<{
  readonly issuer: TestIssuer
  readonly store: ReturnType<typeof createStore>
}> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const store = createStore()
  await createStoringVerifier(issuer, store).warmUp()
  await expect.poll(() => store.entries.size).toBe(1)
  issuer.stop()
  return { issuer, store }
}

test('the replaced SHA-256 throws when it is used', async () => {
  const { hmacSha256 } = await import('#crypto')
  expect(() => hmacSha256(Buffer.from(secret), 'text')).toThrow('platform/sha256.ts was used')
})

test('the web platform seals a stored key set as Node does, without our own SHA-256', async () => {
  const { store } = await storeKeysAndStop()
  const [value = ''] = store.entries.values()
  const end = value.indexOf('.')
  const [mac, content] = [value.slice(0, end), value.slice(end + 1)]
  const sealed = `resource-server key set 1\n${content}`
  expect(mac).toBe(createHmac('sha256', secret).update(sealed).digest('base64url'))
})

test('the web platform checks the seal of a stored key set without our own SHA-256', async () => {
  const { issuer, store } = await storeKeysAndStop()
  const verifier = createStoringVerifier(issuer, store)
  expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
})

test('the web platform does not use a stored key set whose seal is wrong', async () => {
  const { issuer, store } = await storeKeysAndStop()
  for (const [name, value] of store.entries) store.entries.set(name, `x${value}`)
  const verifier = createStoringVerifier(issuer, store)
  expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ code: 'keys_unavailable' })
})
