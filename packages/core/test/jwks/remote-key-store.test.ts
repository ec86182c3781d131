import { expect, test } from 'vitest'
import type { KeyStore } from '../../src/index.ts'
import {
  errorResponse,
  jwksResponse,
  type RemoteHarness,
  startRemote,
  status503,
  suspendedClock,
} from './remote-harness.ts'

// A remote key set with a key store.

const secret = 'a secret of at least 32 characters'
const fetched = { event: 'fetched', keys: 1, skipped: [], duration: 0 }
const restored = { event: 'restored', keys: 1, skipped: [] }
const failed = { ...fetched, event: 'failed', reason: status503 }

interface MemoryStore {
  readonly keyStore: { readonly store: KeyStore; readonly secret: string }
  /** All values that were stored, the last one last. */
  readonly values: string[]
}

/** A store that returns the last value. */
function createMemoryStore(...values: string[]): MemoryStore {
  const get = async (): Promise<string | undefined> => values.at(-1)
  const set = async (_name: string, value: string): Promise<unknown> => values.push(value)
  return { keyStore: { store: { get, set }, secret }, values }
}

/** A store that contains a key set with key `a`. */
async function filledStore(): Promise<MemoryStore> {
  const { keyStore, values } = createMemoryStore()
  const { verifier, idle } = startRemote(jwksResponse('a'), { keyStore })
  await verifier.warmUp()
  await idle()
  verifier.close()
  expect(values).toHaveLength(1)
  return createMemoryStore(...values)
}

async function restart(respond: () => Response | Promise<Response>): Promise<RemoteHarness> {
  const { keyStore } = await filledStore()
  return startRemote(respond, { keyStore })
}

test('in an outage at the start, the stored key set is used and reported as restored', async () => {
  const { check, takeEvents, verifier } = await restart(errorResponse())
  expect(await check('a')).toBe('granted')
  expect(takeEvents()).toContainEqual(restored)
  expect(verifier.health().issuers).toMatchObject([{ state: 'fresh', keys: 1 }])
})

test('requests do not wait for the issuer if the store responds first, but a refresh starts', async () => {
  let release = (_response: Response): void => {}
  const { check, fetches, idle, takeEvents, setResponse } = await restart(
    () => new Promise((resolve) => (release = resolve)),
  )
  expect(await check('a')).toBe('granted')
  expect(fetches()).toBe(1)
  expect(takeEvents()).toEqual([restored])
  setResponse(jwksResponse('b'))
  release(jwksResponse('b')())
  await idle()
  expect(takeEvents()).toMatchObject([{ event: 'rotated' }, { event: 'fetched' }])
  expect(await check('a')).toBe('key_not_found')
})

test('in an outage at the start, an old stored key set is reported as stale', async () => {
  const { keyStore } = await filledStore()
  const clock = suspendedClock()
  clock.advance(300)
  const { check, idle, verifier, takeEvents } = startRemote(errorResponse(), { keyStore, clock })
  expect(await check('a')).toBe('granted')
  await idle()
  expect(verifier.ready()).toBe(true)
  const { event: _, duration: _duration, ...stale } = failed
  expect(takeEvents()).toContainEqual({ ...stale, event: 'stale' })
})

test('a request with an old stored key set does not wait for the issuer', async () => {
  const { keyStore } = await filledStore()
  const clock = suspendedClock()
  clock.advance(3000)
  const { check } = startRemote(() => new Promise(() => {}), { keyStore, clock })
  let result = 'pending'
  void check('a').then((code) => (result = code))
  await expect.poll(() => result).toBe('granted')
})

test('a token whose key is not in the stored key set waits for the issuer', async () => {
  const { check, fetches } = await restart(jwksResponse('ab'))
  expect(await check('b')).toBe('granted')
  expect(fetches()).toBe(1)
})

test('an unchanged key set is stored again with the new time', async () => {
  const { keyStore, values } = createMemoryStore()
  const { verifier, clock, setResponse, idle } = startRemote(jwksResponse('a', { etag: '"1"' }), {
    keyStore,
  })
  await verifier.warmUp()
  setResponse(() => new Response(null, { status: 304 }))
  clock.advance(60)
  await verifier.refreshKeys()
  await idle()
  const [first, second] = values.map((text) => JSON.parse(text.slice(text.indexOf('.') + 1)))
  expect(second).toEqual({ ...first, at: first.at + 60_000 })
  expect(verifier.health().issuers).toMatchObject([{ state: 'fresh', age: 0, keys: 1 }])
})

const password = 'hunter2'
const connectionError = Object.assign(
  new Error(`connect ECONNREFUSED redis://app:${password}@10.0.0.7`),
  { code: 'ECONNREFUSED' },
)

test.each<readonly [what: string, error: unknown, description: string]>([
  ['an error', connectionError, 'Error ECONNREFUSED'],
  ['an error without a code', new TypeError(password), 'TypeError'],
  ['a string', password, 'string'],
])(
  'a store that fails with %s is reported without its text and changes nothing',
  async (...row) => {
    const [, error, description] = row
    const fail = (): Promise<never> => Promise.reject(error)
    const keyStore = { store: { get: fail, set: fail }, secret }
    const { verifier, idle, takeEvents, check } = startRemote(jwksResponse('a'), { keyStore })
    await verifier.warmUp()
    await idle()
    const events = takeEvents()
    const reasons = events.filter(({ event }) => event === 'not-stored').map(({ reason }) => reason)
    expect(reasons).toEqual(
      ['get', 'set'].map(
        (method) =>
          `${method}() of the key store failed with ${description}. The text of its error is left out, because it ` +
          'can contain a secret: catch the error in your key store to log it',
      ),
    )
    expect(events).toContainEqual(fetched)
    expect(JSON.stringify([events, verifier.health()])).not.toContain(password)
    expect(await check('a')).toBe('granted')
  },
)

test('an empty store restores nothing', async () => {
  const { keyStore, values } = createMemoryStore()
  const { check, takeEvents } = startRemote(errorResponse(), { keyStore })
  expect(await check('a')).toBe('keys_unavailable')
  expect(takeEvents()).toEqual([{ ...failed, keys: 0 }])
  expect(values).toEqual([])
})
