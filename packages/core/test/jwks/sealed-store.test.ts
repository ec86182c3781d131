import { createHmac } from 'node:crypto'
import { createTestClock } from '@resource-server/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { SealedStore } from '../../src/jwks/sealed-store.ts'
import { createPolicy } from '../../src/config/policy.ts'

// What goes into a key store, letter by letter, and what comes out of it.

const issuer = 'https://as.example.com'
const name = 'resource-server:keys:https://as.example.com'
const secret = 'a secret of at least 32 characters'
const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const at = clock.now()
const body = { keys: [{ kid: '1' }] }
const minutes = 60_000
const maxLength = 1_048_576

type Get = (name: string) => Promise<unknown>

function vaultOn(get: Get, set: (name: string, value: string) => Promise<unknown>): SealedStore {
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
  await vaultOn(
    async () => {},
    async (...call) => calls.push(call),
  ).save(content)
  return calls
}

const load = (stored: unknown): Promise<unknown> =>
  vaultOn(
    async () => stored,
    async () => {},
  ).load()

/** As the fleet seals it. */
function seal(content: unknown, context = 'resource-server key set 1\n'): string {
  const sealed = typeof content === 'string' ? content : JSON.stringify(content)
  const mac = createHmac('sha256', secret).update(`${context}${sealed}`).digest('base64url')
  return `${mac}.${sealed}`
}

test('a set goes out under its issuer, with an HMAC over issuer, time and keys', async () => {
  expect(await save(body)).toEqual([[name, seal({ issuer, at, body })]])
})

test('it is looked for where it was put', async () => {
  const asked: string[] = []
  const get: Get = async (which) => void asked.push(which)
  expect(await vaultOn(get, async () => {}).load()).toBeUndefined()
  expect(asked).toEqual([name])
})

describe('what the fleet sealed is taken', () => {
  test.each<[string, unknown, number]>([
    ['now', { issuer, at, body }, 0],
    ['an hour ago', { issuer, at: at - 60 * minutes, body }, 60 * minutes],
    ['by a clock that runs ahead five minutes', { issuer, at: at + 5 * minutes, body }, 0],
  ])('%s', async (_what, content, age) => {
    expect(await load(seal(content))).toEqual({ body, age })
  })

  test.each([
    [maxLength, true],
    [maxLength + 1, false],
  ])('with %i characters: %s', async (length, taken) => {
    const empty = seal({ issuer, at, body: { keys: [], fill: '' } }).length
    const large = { keys: [], fill: 'x'.repeat(length - empty) }
    const text = seal({ issuer, at, body: large })
    expect(text).toHaveLength(length)
    expect((await load(text)) !== undefined).toBe(taken)
  })
})

describe('anything else is nothing', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 1],
    ['bytes', Buffer.from(seal({ issuer, at, body }))],
    ['an HMAC of something else', seal({ issuer, at, body }, '')],
    ['of another issuer', seal({ issuer: `${issuer}/`, at, body })],
    ['of no issuer', seal({ at, body })],
    ['without keys', seal({ issuer, at })],
    ['with a list for a body', seal({ issuer, at, body: [] })],
    ['without a time', seal({ issuer, body })],
    ['with a time that is text', seal({ issuer, at: String(at), body })],
    [
      'by a clock that runs ahead more than five minutes',
      seal({ issuer, at: at + 5 * minutes + 1, body }),
    ],
  ])('%s', async (_what, stored) => {
    expect(await load(stored)).toBeUndefined()
  })

  test.each([
    ['', 'not JSON'],
    ['[]', 'not a JSON object'],
  ])('and an error where what is sealed is %j', async (content, says) => {
    await expect(load(seal(content))).rejects.toThrow(says)
  })
})

describe('a store', () => {
  afterEach(() => void vi.useRealTimers())
  const never = (): Promise<never> => new Promise(() => {})

  test('is waited for a second, and no longer', async () => {
    vi.useFakeTimers()
    const vault = vaultOn(never, never)
    for (const start of [() => vault.load(), () => vault.save(body)]) {
      let ended: unknown = 'not yet'
      start().catch((error: unknown) => (ended = error))
      await vi.advanceTimersByTimeAsync(999)
      expect(ended).toBe('not yet')
      await vi.advanceTimersByTimeAsync(1)
      expect(ended).toEqual(new Error('the store gave no answer in time'))
    }
  })

  test.each<[string, Get]>([
    ['answers', async () => {}],
    ['fails', () => Promise.reject(new Error('gone'))],
  ])('that %s leaves no timer', async (_what, get) => {
    vi.useFakeTimers()
    await Promise.allSettled([vaultOn(get, get).load(), vaultOn(get, get).save(body)])
    expect(vi.getTimerCount()).toBe(0)
  })
})
