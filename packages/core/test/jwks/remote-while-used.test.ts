import { createTestClock } from '@resource-server/testing'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Fetch } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import type { VerificationKey } from '../../src/jose/jwk.ts'
import { createKeySource } from '../../src/jwks/create-key-source.ts'
import { aud } from '../support.ts'
import { issuer, jwksResponse, jwksUri } from './remote-harness.ts'

// The key set of an issuer that is refreshed only while tokens need it.

// Fixes the random delays: a refresh after 217.5 of 300 seconds, later ones after 270.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => void vi.restoreAllMocks())

function start() {
  const clock = createTestClock()
  clock.advance(3600)
  let fetches = 0
  const fetch: Fetch = async () => {
    fetches += 1
    return jwksResponse('a')()
  }
  const policy = createPolicy({ issuer, jwksUri, audience: aud, fetch, clock }, 'verifier')
  const keys = createKeySource(policy.issuers.get(issuer)!, policy, 'while used')
  onTestFinished(() => keys.close())
  const use = async (): Promise<VerificationKey> => {
    const found = await keys.find({ alg: 'ES256', kid: 'a', typ: undefined })
    if (found instanceof Refusal) throw new Error(found.reason)
    return found
  }
  /** Lets this many seconds pass, and the fetch end that they may cause. */
  const pass = async (seconds: number): Promise<number> => {
    clock.advance(seconds)
    do await new Promise((resolve) => setImmediate(resolve))
    while (keys.health().inFlight)
    return fetches
  }
  return { keys, use, pass }
}

test('it is refreshed for two lifetimes after a token needed it, and again after the next token', async () => {
  const { use, pass } = start()
  await use()
  expect([await pass(217.5), await pass(270), await pass(270), await pass(2000)]).toEqual([
    2, 3, 3, 3,
  ])
  await use()
  expect([await pass(0), await pass(270)]).toEqual([4, 5])
})

test('it is refreshed while the tokens that need it are cached', async () => {
  const { keys, use, pass } = start()
  const key = await use()
  await pass(217.5)
  for (const fetches of [3, 4, 5]) {
    expect(keys.holds(key)).toBe(true)
    expect(await pass(270)).toBe(fetches)
  }
})

test('it does not hold keys before it is fetched, or keys that it does not contain', async () => {
  const [one, other] = [start(), start()]
  const key = await one.use()
  expect(one.keys.holds(key)).toBe(true)
  expect(other.keys.holds(key)).toBe(false)
  await other.use()
  expect(other.keys.holds(key)).toBe(false)
})

test('it is not refreshed if it was fetched, but no token needed it', async () => {
  const { keys, pass } = start()
  await keys.warmUp()
  expect([await pass(0), await pass(217.5)]).toEqual([1, 1])
})

test('it is not refreshed after pause(), until a token needs it', async () => {
  const { keys, use, pass } = start()
  await use()
  keys.pause()
  expect([await pass(217.5), await pass(100)]).toEqual([1, 1])
  await use()
  expect([await pass(0), await pass(270)]).toEqual([2, 3])
})

test('it is not refreshed after pause() during a fetch', async () => {
  const { keys, use, pass } = start()
  const used = use()
  keys.pause()
  await used
  expect([await pass(0), await pass(217.5)]).toEqual([1, 1])
})
