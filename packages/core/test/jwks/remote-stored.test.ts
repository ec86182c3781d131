import { expect, test } from 'vitest'
import type { KeyStore } from '../../src/index.ts'
import { down, type KeyDesk, openKeys, publish, sleeping } from './key-desk.ts'

// A start from a key store, and what goes into it.

const secret = 'a secret of at least 32 characters'
const fetched = { event: 'fetched', keys: 1, skipped: [], duration: 0 }
const restored = { event: 'restored', keys: 1, skipped: [] }
const failed = { ...fetched, event: 'failed', reason: 'answered with status 503' }

interface Shelf {
  readonly keyStore: { readonly store: KeyStore; readonly secret: string }
  readonly kept: string[]
}

/** What was put there last is what is found. */
function createShelf(...kept: string[]): Shelf {
  const get = async (): Promise<string | undefined> => kept.at(-1)
  const set = async (_name: string, value: string): Promise<unknown> => kept.push(value)
  return { keyStore: { store: { get, set }, secret }, kept }
}

/** A shelf with the set of key `a`, and the time by which it was fetched. */
async function stored(): Promise<Shelf> {
  const { keyStore, kept } = createShelf()
  const { verifier, settle } = openKeys(publish('a'), { keyStore })
  await verifier.warmUp()
  await settle()
  verifier.close()
  expect(kept).toHaveLength(1)
  return createShelf(...kept)
}

async function restart(answer: () => Response | Promise<Response>): Promise<KeyDesk> {
  const { keyStore } = await stored()
  return openKeys(answer, { keyStore })
}

test('who starts in an outage says that it serves from the store, and as stale or fresh', async () => {
  const { ask, heard, verifier } = await restart(down())
  expect(await ask('a')).toBe('granted')
  expect(heard()).toContainEqual(restored)
  expect(verifier.health().issuers).toMatchObject([{ state: 'fresh', keys: 1 }])
})

test('nobody waits for the issuer where the store was faster, and a refresh is due at once', async () => {
  let release = (_response: Response): void => {}
  const { ask, fetches, settle, heard, answer } = await restart(
    () => new Promise((resolve) => (release = resolve)),
  )
  expect(await ask('a')).toBe('granted')
  expect(fetches()).toBe(1)
  expect(heard()).toEqual([restored])
  answer(publish('b'))
  release(publish('b')())
  await settle()
  expect(heard()).toMatchObject([{ event: 'rotated' }, { event: 'fetched' }])
  expect(await ask('a')).toBe('key_not_found')
})

test('who starts with an old set in an outage says that it is stale', async () => {
  const { keyStore } = await stored()
  const clock = sleeping()
  clock.advance(300)
  const { ask, settle, verifier, heard } = openKeys(down(), { keyStore, clock })
  expect(await ask('a')).toBe('granted')
  await settle()
  expect(verifier.ready()).toBe(true)
  const { event: _, duration: _duration, ...stale } = failed
  expect(heard()).toContainEqual({ ...stale, event: 'stale' })
})

test('who sleeps on a set from the store still does not wait', async () => {
  const { keyStore } = await stored()
  const clock = sleeping()
  clock.advance(3000)
  const { ask } = openKeys(() => new Promise(() => {}), { keyStore, clock })
  let verdict = 'none yet'
  void ask('a').then((code) => (verdict = code))
  await expect.poll(() => verdict).toBe('granted')
})

test('a token whose key is not in the stored set waits for the issuer', async () => {
  const { ask, fetches } = await restart(publish('ab'))
  expect(await ask('b')).toBe('granted')
  expect(fetches()).toBe(1)
})

test('a set that did not change is stored again, with its new time', async () => {
  const { keyStore, kept } = createShelf()
  const { verifier, clock, answer, settle } = openKeys(publish('a', { etag: '"1"' }), { keyStore })
  await verifier.warmUp()
  answer(() => new Response(null, { status: 304 }))
  clock.advance(60)
  await verifier.refreshKeys()
  await settle()
  const [first, second] = kept.map((text) => JSON.parse(text.slice(text.indexOf('.') + 1)))
  expect(second).toEqual({ ...first, at: first.at + 60_000 })
  expect(verifier.health().issuers).toMatchObject([{ state: 'fresh', age: 0, keys: 1 }])
})

test.each<[what: string, error: unknown, reason: string]>([
  ['an error', new Error('gone'), 'gone'],
  ['something else', 'gone', 'unknown'],
])('a store that fails with %s is told, and changes nothing', async (_what, error, reason) => {
  const fail = (): Promise<never> => Promise.reject(error)
  const keyStore = { store: { get: fail, set: fail }, secret }
  const { verifier, settle, heard, ask } = openKeys(publish('a'), { keyStore })
  await verifier.warmUp()
  await settle()
  const lost = { event: 'not-stored', skipped: [], reason }
  const told = heard()
  expect(told.filter(({ event }) => event === 'not-stored')).toEqual([
    expect.objectContaining(lost),
    { ...lost, keys: 1 },
  ])
  expect(told).toContainEqual(fetched)
  expect(await ask('a')).toBe('granted')
})

test('what is stored and no key set restores nothing', async () => {
  const { keyStore, kept } = createShelf()
  const { ask, heard } = openKeys(down(), { keyStore })
  expect(await ask('a')).toBe('keys_unavailable')
  expect(heard()).toEqual([failed].map((event) => ({ ...event, keys: 0 })))
  expect(kept).toEqual([])
})
