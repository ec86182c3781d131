import type { ExpiringStore } from '@resource-server/core'
import { expect, test } from 'vitest'
import { type ExchangeRecord, nextHop } from '../src/index.ts'
import { setUp } from './support.ts'

interface TestStore extends ExpiringStore {
  readonly entries: Map<string, { value: string; lifetime: number }>
  readonly calls: string[]
}

function createStore(): TestStore {
  const entries: TestStore['entries'] = new Map()
  const calls: string[] = []
  return {
    entries,
    calls,
    get: async (key) => entries.get(key)?.value,
    set: async (key, value, lifetime) => void entries.set(key, { value, lifetime }),
    delete: async (key) => void (entries.delete(key), calls.push('delete')),
  }
}

const secret = 'x'.repeat(32)

async function setUpStore(changes: object = {}) {
  const store = createStore()
  const records: ExchangeRecord[] = []
  const set = await setUp({
    store: { store, secret },
    onExchange: (record) => records.push(record),
    ...changes,
  })
  const stored = async (): Promise<void> => {
    // Nothing waits for the store, so that a slow one does not delay a call.
    while (store.entries.size === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  /** Another instance of the service. */
  const other = (more: object = {}) => nextHop({ ...set.options, ...more })
  return { ...set, store, records, stored, other }
}

test('instances share a token, which is encrypted and expires like in memory', async () => {
  const { hop, other, subject, exchanges, store, stored, records } = await setUpStore()
  const caller = await subject({ expiresIn: 200 })
  const token = await hop.token(caller)
  await stored()
  const [key, { value, lifetime }] = [...store.entries].at(0)!
  expect(key).toMatch(/^resource-server:exchange:[\w-]{43}$/)
  expect(value).not.toContain(token.value.slice(0, 20))
  expect(Buffer.from(value.split('.').at(2) ?? '', 'base64').toString('latin1')).not.toContain(
    'access',
  )
  expect(lifetime).toBe(170_000)
  const shared = await other().token(caller)
  expect(shared).toMatchObject({
    ...{ value: token.value, scopes: token.scopes, expiresAt: token.expiresAt },
  })
  expect(exchanges()).toBe(1)
  expect(records.map(({ outcome, cache }) => [outcome, cache])).toEqual([
    ['exchanged', undefined],
    ['cached', 'store'],
  ])
})

test('the same token is encrypted differently each time', async () => {
  const { hop, subject, store, stored } = await setUpStore()
  const caller = await subject()
  const values = new Set<string>()
  for (let round = 0; round < 2; round += 1) {
    await hop.token(caller)
    await stored()
    values.add([...store.entries.values()].at(0)!.value.split('.').at(1)!)
    await hop.forget(caller)
  }
  expect(values.size).toBe(2)
})

test.each<[string, (value: string, others: string) => string]>([
  ['was moved from the key of another user', (_value, others) => others],
  [
    'was changed',
    (value) => value.slice(0, -6) + (value.at(-6) === 'A' ? 'B' : 'A') + value.slice(-5),
  ],
  ['has another version', (value) => `2${value.slice(1)}`],
  ['is not one', () => 'nothing'],
  ['is not base64', () => '1.é.é'],
  ['is too large', (value) => value + 'A'.repeat(65_536)],
])('an entry that %s is not used', async (_what, change) => {
  const { hop, other, subject, exchanges, store, stored } = await setUpStore()
  const [caller, another] = [await subject({ sub: 'a' }), await subject({ sub: 'b' })]
  await hop.token(caller)
  await stored()
  const key = [...store.entries.keys()].at(0)!
  await hop.token(another)
  while (store.entries.size < 2) await new Promise((resolve) => setImmediate(resolve))
  const [mine = '', others = ''] = [...store.entries.values()].map(({ value }) => value)
  store.entries.set(key, { value: change(mine, others), lifetime: 1 })
  await other().token(caller)
  expect(exchanges()).toBe(3)
})

test('an entry of another secret is not used', async () => {
  const { hop, other, subject, exchanges, stored, store } = await setUpStore()
  const caller = await subject()
  await hop.token(caller)
  await stored()
  await other({ store: { store, secret: 'y'.repeat(32) } }).token(caller)
  expect(exchanges()).toBe(2)
})

test('an entry that the store should have forgotten is not used', async () => {
  const { hop, issuer, other, subject, exchanges, stored } = await setUpStore()
  const caller = await subject({ expiresIn: 3600 })
  await hop.token(caller)
  await stored()
  issuer.clock.advance(270)
  await other().token(caller)
  expect(exchanges()).toBe(2)
})

test('an entry ends when its token is forgotten, or refused by the next service', async () => {
  const { hop, subject, store, stored } = await setUpStore()
  const caller = await subject()
  await hop.token(caller)
  await stored()
  await hop.forget(caller)
  expect(store.entries.size).toBe(0)
})

test('an entry that is being read when its token is forgotten is not kept in memory', async () => {
  const { hop, other, subject, store, stored } = await setUpStore()
  const caller = await subject()
  await hop.token(caller)
  await stored()
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const slow: ExpiringStore = {
    ...store,
    get: async (key) => {
      const value = await store.get(key)
      await released
      return value
    },
  }
  const second = other({ store: { store: slow, secret } })
  const running = second.token(caller)
  await new Promise((resolve) => setImmediate(resolve))
  await second.forget(caller)
  release()
  await running
  expect(second.health().cachedTokens).toBe(0)
})

test.each<[string, Partial<ExpiringStore>]>([
  [
    'throws',
    {
      get: () => {
        throw new Error('down')
      },
      set: () => Promise.reject(new Error('down')),
    },
  ],
  ['does not answer', { get: () => new Promise(() => {}), set: () => new Promise(() => {}) }],
  ['returns something else', { get: async () => 5 as unknown as string }],
])('a store that %s only costs the sharing', async (_what, broken) => {
  const store = { ...createStore(), ...broken }
  const { hop, subject, exchanges } = await setUp({ store: { store, secret } })
  const caller = await subject()
  await hop.token(caller)
  await hop.token(caller)
  expect(exchanges()).toBe(1)
})

test('a store that fails counts as empty, and its message, which can contain a password, is not printed', async () => {
  const printed = new Promise<string>((resolve) => {
    process.once('warning', ({ message }) => resolve(message))
  })
  const fail = () => Promise.reject(Object.assign(new Error('hunter2'), { code: 'ECONNRESET' }))
  const store: ExpiringStore = { get: fail, set: fail, delete: fail }
  const { hop, subject } = await setUpStore({ store: { store, secret }, log: 'warnings' })
  await hop.token(await subject())
  expect(await printed).toBe('The store of exchanged tokens failed: Error ECONNRESET')
})
