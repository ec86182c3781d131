import { createTestClock } from '@resource-server/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, createVerifier, VerificationError } from '../../src/index.ts'
import { down, issuer, openKeys, publish, sleeping, tokenOf } from './key-desk.ts'

// When a key set is asked for, for how long it serves, and what health says meanwhile.

// In the middle of what is scattered: a refresh after 270 of 300 seconds, the first pause of 0.75.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => void vi.restoreAllMocks())

const nothing = { issuer, state: 'none', keys: 0, skipped: [], inFlight: false }
const none = { ...nothing, fetches: 0, failures: 0 }

describe('health', () => {
  test('from the start to the next refresh', async () => {
    const { verifier, clock, settle, answer } = openKeys(publish('ax'))
    const health = (): unknown => verifier.health().issuers[0]
    expect(health()).toStrictEqual(none)
    expect(verifier.ready()).toBe(false)
    expect(health()).toEqual({ ...none, inFlight: true, fetches: 1 })
    await settle()
    expect(verifier.ready()).toBe(true)
    const skipped = ['holds private members']
    const held = { issuer, state: 'fresh', keys: 1, skipped, inFlight: false, failures: 0 }
    expect(health()).toEqual({ ...held, fetches: 1, age: 0, nextAttempt: 270 })
    clock.advance(200)
    expect(health()).toEqual({ ...held, fetches: 1, age: 200, nextAttempt: 70 })
    answer(publish('ab'))
    clock.advance(70)
    expect(health()).toEqual({ ...held, fetches: 2, age: 270, nextAttempt: 0, inFlight: true })
    await settle()
    const both = { ...held, keys: 2, skipped: [] }
    expect(health()).toEqual({ ...both, fetches: 2, age: 0, nextAttempt: 270 })
    verifier.close()
    expect(health()).toEqual({ ...both, fetches: 2, age: 0 })
  })

  test('in an outage', async () => {
    const { verifier, clock, settle } = openKeys(down({ 'retry-after': '40' }))
    await verifier.warmUp().catch(() => {})
    const failed = { ...none, fetches: 1, failures: 1, lastError: 'answered with status 503' }
    expect(verifier.health().issuers).toEqual([{ ...failed, nextAttempt: 40 }])
    clock.advance(39)
    await settle()
    expect(verifier.health().issuers).toEqual([{ ...failed, nextAttempt: 1 }])
    clock.advance(1)
    await settle()
    expect(verifier.health().issuers).toMatchObject([{ fetches: 2, failures: 2 }])
  })

  test('where what came is no key set', async () => {
    const { verifier } = openKeys(() => Response.json({ keys: {} }))
    await verifier.warmUp().catch(() => {})
    const lastError = 'the answer is not a key set of at most 100 keys'
    expect(verifier.health().issuers).toMatchObject([{ lastError }])
  })

  test('is stale once the freshness has passed, and none once the bridge ends', async () => {
    const { verifier, clock, settle, answer, ask } = openKeys(publish('a'), { staleIfError: 60 })
    await verifier.warmUp()
    answer(down())
    const states: unknown[] = []
    for (const wait of [299.999, 0.001, 59.999, 0.001]) {
      clock.advance(wait)
      await settle()
      const [health] = verifier.health().issuers
      states.push([health?.state, health?.keys, verifier.ready()])
    }
    expect(states).toEqual([
      ...[
        ['fresh', 1, true],
        ['stale', 1, true],
        ['stale', 1, true],
        ['none', 0, false],
      ],
    ])
    expect(await ask('a')).toBe('keys_unavailable')
  })
})

describe('pauses', () => {
  test('double with each failure in a row, and begin anew after a success', async () => {
    const { verifier, clock, settle, answer, fetches } = openKeys(down())
    const pauses: unknown[] = []
    const note = async (): Promise<void> => {
      await settle()
      pauses.push(verifier.health().issuers[0]?.nextAttempt)
    }
    verifier.ready()
    await note()
    for (const wait of [0.75, 1.5]) {
      clock.advance(wait)
      await note()
    }
    answer(publish('a'))
    clock.advance(3)
    await note()
    answer(down())
    clock.advance(270)
    await note()
    expect(pauses).toEqual([0.75, 1.5, 3, 270, 0.75])
    expect(fetches()).toBe(5)
  })

  test('are kept by who starts, who asks and who warms up', async () => {
    const clock = sleeping()
    const { verifier, fetches, ask } = openKeys(down(), { clock })
    const warm = async (): Promise<unknown> => verifier.warmUp().catch((error: unknown) => error)
    const reason = `the keys of '${issuer}' cannot be had: answered with status 503`
    const error = await warm()
    expect(error).toBeInstanceOf(VerificationError)
    expect(error).toMatchObject({ code: 'keys_unavailable', reason, retryAfter: 1 })
    for (let at = 0; at < 3; at += 1) {
      await warm()
      expect(verifier.ready()).toBe(false)
      expect(await ask('a')).toBe('keys_unavailable')
    }
    expect(fetches()).toBe(1)
    clock.advance(0.75)
    await warm()
    expect(fetches()).toBe(2)
  })

  test('are told to the caller', async () => {
    const { verifier, clock } = openKeys(down({ 'retry-after': '40' }))
    await verifier.warmUp().catch(() => {})
    clock.advance(9.5)
    const judged = verifier.verify(tokenOf('a', clock))
    await expect(judged).rejects.toMatchObject({ retryAfter: 31 })
  })

  test('are not kept by a reload', async () => {
    const { verifier, fetches, answer, ask } = openKeys(down())
    await expect(verifier.refreshKeys()).rejects.toBeInstanceOf(VerificationError)
    answer(publish('a'))
    await verifier.refreshKeys()
    expect(fetches()).toBe(2)
    expect(await ask('a')).toBe('granted')
  })
})

test('who warms up what is warm fetches nothing', async () => {
  const { verifier, fetches } = openKeys(publish('a'))
  await verifier.warmUp()
  await verifier.warmUp()
  expect(fetches()).toBe(1)
})

test('a reload waits for what is under way, and asks again', async () => {
  const { verifier, fetches, answer, ask } = openKeys(publish('a'))
  verifier.ready()
  answer(publish('b'))
  await verifier.refreshKeys()
  expect(fetches()).toBe(2)
  expect([await ask('b'), await ask('a')]).toEqual(['granted', 'key_not_found'])
})

test('metadata that is wrong is a ConfigError, and no verdict', async () => {
  const fetch = async (): Promise<Response> => Response.json({ issuer: 'https://other.example' })
  const options = { issuer, audience: 'order-service', fetch, clock: createTestClock() }
  const verifier = createVerifier(options)
  await expect(verifier.warmUp()).rejects.toBeInstanceOf(ConfigError)
  await expect(verifier.refreshKeys()).rejects.toBeInstanceOf(ConfigError)
  expect(await verifier.check(tokenOf('a', options.clock))).toMatchObject({
    ...{ outcome: 'unavailable', code: 'metadata_rejected' },
    reason: expect.stringMatching(`^the keys of '${issuer}' cannot be had: The metadata of`),
  })
})

describe('the next refresh', () => {
  test('counts from when the set was asked for', async () => {
    const { verifier, clock, fetches, settle } = openKeys(() => {
      clock.advance(100)
      return publish('a')()
    })
    await verifier.warmUp()
    expect(verifier.health().issuers).toMatchObject([{ age: 100, nextAttempt: 170 }])
    clock.advance(169.999)
    await settle()
    expect(fetches()).toBe(1)
    clock.advance(0.001)
    await settle()
    expect(fetches()).toBe(2)
  })

  test('is not lost where a timer fires early', async () => {
    const clock = createTestClock()
    const schedule = (delay: number, callback: () => void): (() => void) =>
      clock.schedule(Math.max(1, delay - 5), callback)
    const hasty = { ...clock, schedule }
    const { verifier, fetches, settle } = openKeys(publish('a'), { clock: hasty })
    await verifier.warmUp()
    clock.advance(269.998)
    await settle()
    expect(fetches()).toBe(1)
    clock.advance(0.002)
    await settle()
    expect(fetches()).toBe(2)
  })
})
