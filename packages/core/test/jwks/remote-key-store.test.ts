import { createTestClock } from '@resource-server/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { KeyStore } from '../../src/index.ts'
import {
  errorResponse,
  issuer,
  jwksResponse,
  type RemoteHarness,
  startRemote,
  status503,
  suspendedClock,
  tokenWithKid,
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

test('a fresh stored key set is used without a fetch until its refresh is due', async () => {
  const { check, clock, fetches, idle, takeEvents } = await restart(jwksResponse('b'))
  expect(await check('a')).toBe('granted')
  await idle()
  expect(await check('a')).toBe('granted')
  await idle()
  expect(fetches()).toBe(0)
  expect(takeEvents()).toEqual([restored])
  clock.advance(290)
  await idle()
  expect(fetches()).toBe(1)
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

test('when a refresh is due, a newer key set that another process stored is used instead', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  onTestFinished(() => void vi.restoreAllMocks())
  const { keyStore } = createMemoryStore()
  const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
  const first = startRemote(jwksResponse('a'), { keyStore, clock })
  await first.verifier.warmUp()
  await first.idle()
  const token = tokenWithKid('a', clock, 3600)
  for (let at = 0; at < 2; at += 1)
    expect(await first.verifier.check(token)).toMatchObject({ ok: true })
  const second = startRemote(jwksResponse('ab'), {
    keyStore,
    clock: { ...clock, advance: () => {} },
  })
  clock.advance(100)
  await second.verifier.refreshKeys()
  await second.idle()
  expect([first.fetches(), second.fetches()]).toEqual([1, 1])
  first.takeEvents()
  // The refresh of the first process is due, and not that of the second one.
  clock.advance(117.5)
  await first.idle()
  await second.idle()
  expect(first.fetches()).toBe(1)
  expect(await first.check('b')).toBe('granted')
  expect(first.takeEvents()).toMatchObject([{ event: 'restored' }, { event: 'rotated' }])
  // The object of an unchanged key is kept, so cached tokens stay valid.
  const { hits = 0 } = first.verifier.health().cache ?? {}
  expect(await first.verifier.check(token)).toMatchObject({ ok: true })
  expect(first.verifier.health().cache).toMatchObject({ hits: hits + 1 })
})

test('a token with an unknown kid uses a stored key set that has its key, and otherwise asks the issuer', async () => {
  const { keyStore, values } = createMemoryStore()
  const { verifier, clock, check, fetches, setResponse, idle } = startRemote(jwksResponse('a'), {
    keyStore,
  })
  await verifier.warmUp()
  await idle()
  clock.advance(100)
  const other = startRemote(jwksResponse('ab'), {
    keyStore,
    clock: { ...clock, advance: () => {} },
  })
  await other.verifier.refreshKeys()
  await other.idle()
  expect(values).toHaveLength(2)
  expect(await check('b')).toBe('granted')
  expect(fetches()).toBe(1)
  setResponse(jwksResponse('abc'))
  expect(await check('c')).toBe('granted')
  expect(fetches()).toBe(2)
})

test('a token whose key is not in a newer stored key set waits for the issuer', async () => {
  const { keyStore } = createMemoryStore()
  const { verifier, clock, check, fetches, setResponse, idle } = startRemote(jwksResponse('a'), {
    keyStore,
  })
  await verifier.warmUp()
  await idle()
  clock.advance(100)
  const other = startRemote(jwksResponse('ab'), {
    keyStore,
    clock: { ...clock, advance: () => {} },
  })
  await other.verifier.refreshKeys()
  await other.idle()
  setResponse(jwksResponse('abc'))
  expect(await check('c')).toBe('granted')
  expect(fetches()).toBe(2)
})

test.each([
  [0.999, 2],
  [1, 1],
])('a key set that was stored %d seconds later counts as newer or not', async (delay, fetches) => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  onTestFinished(() => void vi.restoreAllMocks())
  const { keyStore } = createMemoryStore()
  const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
  const first = startRemote(jwksResponse('a'), { keyStore, clock })
  await first.verifier.warmUp()
  await first.idle()
  const second = startRemote(jwksResponse('a'), {
    keyStore,
    clock: { ...clock, advance: () => {} },
  })
  clock.advance(delay)
  await second.verifier.refreshKeys()
  await second.idle()
  clock.advance(217.5 - delay)
  await first.idle()
  expect(first.fetches()).toBe(fetches)
})

test('a stored key set whose only key is blocked is not used', async () => {
  const { verifier, takeEvents } = await restart(errorResponse())
  verifier.blockKey({ issuer, kid: 'a' })
  await verifier.warmUp().catch(() => {})
  expect(takeEvents().map(({ event }) => event)).toEqual(['blocked', 'failed'])
})

test('refreshKeys() always asks the issuer', async () => {
  const { verifier, fetches, check } = await restart(jwksResponse('b'))
  await verifier.refreshKeys()
  expect(fetches()).toBe(1)
  expect(await check('b')).toBe('granted')
})

test('a store that does not respond delays a fetch by 250 ms', async () => {
  const never = (): Promise<never> => new Promise(() => {})
  const keyStore = { store: { get: never, set: never }, secret }
  const { verifier, clock, fetches } = startRemote(jwksResponse('a'), { keyStore })
  const warm = verifier.warmUp()
  await new Promise((resolve) => setImmediate(resolve))
  expect(fetches()).toBe(0)
  clock.advance(0.25)
  // Long before the second of real time after which the store has failed.
  for (let at = 0; at < 20; at += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(fetches()).toBe(1)
  await warm
})
