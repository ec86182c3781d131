import { createHmac } from 'node:crypto'
import { createTestClock } from '@resource-server/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { SealedStore } from '../../src/jwks/sealed-store.ts'
import { createPolicy } from '../../src/config/policy.ts'

// The exact value that is written to a key store, and which values are accepted from it.

const issuer = 'https://as.example.com'
const name = 'resource-server:keys:https://as.example.com'
const secret = 'a secret of at least 32 characters'
const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const at = clock.now()
const body = { keys: [{ kid: '1' }] }
const minutes = 60_000
const maxLength = 1_048_576

type Get = (name: string) => Promise<unknown>

function sealedStore(
  get: Get,
  set: (name: string, value: string) => Promise<unknown>,
): SealedStore {
  const options = {
    issuer,
    audience: 'order-service',
    clock,
    keyStore: { store: { get, set }, secret },
  }
  const policy = createPolicy(options, 'verifier')
  return new SealedStore(policy.issuers.get(issuer)!, clock, policy.keyStore!)
}

const save = async (content: typeof body): Promise<unknown> => {
  const calls: unknown[] = []
  await sealedStore(
    async () => {},
    async (...call) => calls.push(call),
  ).save(content, 300_000)
  return calls
}

const load = (stored: unknown): Promise<unknown> =>
  sealedStore(
    async () => stored,
    async () => {},
  ).load()

/** Creates a value with a valid HMAC. */
function seal(content: unknown, context = 'resource-server key set 1\n'): string {
  const sealed = typeof content === 'string' ? content : JSON.stringify(content)
  const mac = createHmac('sha256', secret).update(`${context}${sealed}`).digest('base64url')
  return `${mac}.${sealed}`
}

test('save() writes the issuer, the time, the lifetime and the keys with an HMAC, under a name with the issuer', async () => {
  expect(await save(body)).toEqual([[name, seal({ issuer, at, lifetime: 300_000, body })]])
})

test('load() reads from the same name', async () => {
  const names: string[] = []
  const get: Get = async (requested) => void names.push(requested)
  expect(await sealedStore(get, async () => {}).load()).toBeUndefined()
  expect(names).toEqual([name])
})

/** Creates a value with a valid HMAC and this length. */
function sealedOfLength(length: number): string {
  const empty = seal({ issuer, at, body: { keys: [], fill: '' } }).length
  const text = seal({ issuer, at, body: { keys: [], fill: 'x'.repeat(length - empty) } })
  expect(text).toHaveLength(length)
  return text
}

describe('load() accepts a key set', () => {
  test.each<[string, unknown, number]>([
    ['stored now', { issuer, at, body }, 0],
    ['stored an hour ago', { issuer, at: at - 60 * minutes, body }, 60 * minutes],
    ['stored by a clock that is five minutes ahead', { issuer, at: at + 5 * minutes, body }, 0],
  ])('%s', async (_what, content, age) => {
    expect(await load(seal(content))).toEqual({ body, age })
  })

  test.each([
    [60_000, 60_000],
    ['60000', undefined],
    [null, undefined],
  ])('with the lifetime %j as %s', async (lifetime, known) => {
    const loaded = await load(seal({ issuer, at, lifetime, body }))
    expect(loaded).toStrictEqual({ body, age: 0, lifetime: known })
  })

  test('of 1,048,576 characters', async () => {
    expect(await load(sealedOfLength(maxLength))).toBeDefined()
  })
})

describe('load() ignores', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 1],
    ['a Buffer', Buffer.from(seal({ issuer, at, body }))],
    ['a value with a wrong HMAC', seal({ issuer, at, body }, '')],
    ['a key set of another issuer', seal({ issuer: `${issuer}/`, at, body })],
    ['a key set without an issuer', seal({ at, body })],
    ['a value without keys', seal({ issuer, at })],
    ['a value whose body is an array', seal({ issuer, at, body: [] })],
    ['a value without a time', seal({ issuer, body })],
    ['a value whose time is a string', seal({ issuer, at: String(at), body })],
    [
      'a key set stored by a clock that is more than five minutes ahead',
      seal({ issuer, at: at + 5 * minutes + 1, body }),
    ],
  ])('%s', async (_what, stored) => {
    expect(await load(stored)).toBeUndefined()
  })

  test('a value of 1,048,577 characters', async () => {
    expect(await load(sealedOfLength(maxLength + 1))).toBeUndefined()
  })
})

test.each([
  ['', 'not JSON'],
  ['[]', 'not a JSON object'],
])('load() throws if the content is %j, even with a valid HMAC', async (content, message) => {
  await expect(load(seal(content))).rejects.toThrow(message)
})

describe('a store', () => {
  afterEach(() => void vi.useRealTimers())
  const never = (): Promise<never> => new Promise(() => {})

  test('that does not respond within one second causes an error', async () => {
    vi.useFakeTimers()
    const store = sealedStore(never, never)
    for (const [method, operation] of [
      ['get', () => store.load()],
      ['set', () => store.save(body, 300_000)],
    ] as const) {
      let outcome: unknown = 'pending'
      operation().catch((error: unknown) => (outcome = error))
      await vi.advanceTimersByTimeAsync(999)
      expect(outcome).toBe('pending')
      await vi.advanceTimersByTimeAsync(1)
      expect(outcome).toEqual(
        new Error(`${method}() of the key store did not respond within 1000 ms`),
      )
    }
  })

  test.each<[string, Get]>([
    ['responds', async () => {}],
    ['fails', () => Promise.reject(new Error('gone'))],
  ])('that %s leaves no timer', async (_what, get) => {
    vi.useFakeTimers()
    await Promise.allSettled([
      sealedStore(get, get).load(),
      sealedStore(get, get).save(body, 300_000),
    ])
    expect(vi.getTimerCount()).toBe(0)
  })
})
