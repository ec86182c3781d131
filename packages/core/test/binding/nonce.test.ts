import { expect, test } from 'vitest'
import { Nonces } from '../../src/binding/nonce.ts'

const secret = (text: string): Uint8Array => Buffer.from(text.padEnd(32, '.'))
const nonces = (audience = 'https://api.example', ...secrets: readonly string[]): Nonces =>
  new Nonces((secrets.length > 0 ? secrets : ['a']).map(secret), audience, 5)

const now = 1_700_000_000

test('a nonce is recognized by every instance with the same secret and URL', async () => {
  const nonce = await nonces().issue(now + 0.7)
  expect(nonce).toMatch(/^[\w.-]+$/)
  expect(await nonces().issuedAt(nonce, now + 1)).toBe(now + 0.7)
})

test('a nonce is recognized for 120 seconds, and 5 seconds before its time', async () => {
  const nonce = await nonces().issue(now)
  const at = (time: number): Promise<number | undefined> => nonces().issuedAt(nonce, time)
  expect([await at(now + 120), await at(now + 121)]).toEqual([now, undefined])
  expect([await at(now - 5), await at(now - 6)]).toEqual([now, undefined])
})

test.each([
  ['of another URL', nonces('https://other.example')],
  ['of another secret', nonces('https://api.example', 'b')],
])('a nonce %s is not recognized', async (_what, other) => {
  expect(await nonces().issuedAt(await other.issue(now), now)).toBeUndefined()
})

test('the time in a nonce cannot be changed', async () => {
  const [, mac] = (await nonces().issue(now)).split('.')
  const forged = `${((now + 60) * 1000).toString(36)}.${mac}`
  expect(await nonces().issuedAt(forged, now + 60)).toBeUndefined()
})

test.each(['', 'x', '.', 'eyJ8wRiv8V2', `${(now * 1000).toString(36)}.short`])(
  'the string %j is not recognized',
  async (text) => {
    expect(await nonces().issuedAt(text, now)).toBeUndefined()
  },
)

test('secrets rotate: the first one issues, all are recognized', async () => {
  const old = await nonces('u', 'old').issue(now)
  const rotating = nonces('u', 'new', 'old')
  expect(await rotating.issuedAt(old, now)).toBe(now)
  expect(await nonces('u', 'new').issuedAt(await rotating.issue(now), now)).toBe(now)
  expect(await nonces('u', 'new').issuedAt(old, now)).toBeUndefined()
})
