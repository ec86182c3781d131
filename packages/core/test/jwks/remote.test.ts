import { createTestClock } from '@resource-server/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, createVerifier, VerificationError } from '../../src/index.ts'
import {
  errorResponse,
  issuer,
  jwksResponse,
  jwksUri,
  startRemote,
  status503,
  suspendedClock,
  tokenWithKid,
} from './remote-harness.ts'

// When a remote key set is fetched, how long it is used, and what health() reports.

// Fixes the random delays: a refresh after 217.5 of 300 seconds, later ones after 270, and 0.75 seconds before
// the first retry without keys.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => void vi.restoreAllMocks())

const none = {
  issuer,
  state: 'none',
  keys: 0,
  skipped: [],
  inFlight: false,
  fetches: 0,
  failures: 0,
}

describe('health()', () => {
  test('reports every state from the start to the second fetch', async () => {
    const { verifier, clock, idle, setResponse } = startRemote(jwksResponse('ax'))
    const health = (): unknown => verifier.health().issuers[0]
    expect(health()).toStrictEqual(none)
    expect(verifier.ready()).toBe(false)
    expect(health()).toEqual({ ...none, inFlight: true, fetches: 1 })
    await idle()
    expect(verifier.ready()).toBe(true)
    const skipped = [{ kid: 'x', reason: 'contains private key members' }]
    const fresh = { issuer, state: 'fresh', keys: 1, skipped, inFlight: false, failures: 0 }
    expect(health()).toEqual({ ...fresh, fetches: 1, age: 0, nextAttempt: 217.5 })
    clock.advance(200)
    expect(health()).toEqual({ ...fresh, fetches: 1, age: 200, nextAttempt: 17.5 })
    setResponse(jwksResponse('ab'))
    clock.advance(17.5)
    expect(health()).toEqual({ ...fresh, fetches: 2, age: 217.5, nextAttempt: 0, inFlight: true })
    await idle()
    const both = { ...fresh, keys: 2, skipped: [] }
    expect(health()).toEqual({ ...both, fetches: 2, age: 0, nextAttempt: 270 })
    verifier.close()
    expect(health()).toEqual({ ...both, fetches: 2, age: 0 })
  })

  test('reports the failures and the next attempt in an outage', async () => {
    const { verifier, clock, idle } = startRemote(errorResponse({ 'retry-after': '40' }))
    await verifier.warmUp().catch(() => {})
    const failed = { ...none, fetches: 1, failures: 1, lastError: status503 }
    expect(verifier.health().issuers).toEqual([{ ...failed, nextAttempt: 60 }])
    clock.advance(59)
    await idle()
    expect(verifier.health().issuers).toEqual([{ ...failed, nextAttempt: 1 }])
    clock.advance(1)
    await idle()
    expect(verifier.health().issuers).toMatchObject([{ fetches: 2, failures: 2 }])
  })

  test('reports a response that is not a JWKS', async () => {
    const { verifier } = startRemote(() => Response.json({ keys: {} }))
    await verifier.warmUp().catch(() => {})
    const lastError = `GET ${jwksUri}: the response is not a JWKS with at most 100 keys`
    expect(verifier.health().issuers).toMatchObject([{ lastError }])
  })

  test('reports stale after the freshness lifetime, and none after staleIfError', async () => {
    const { verifier, clock, idle, setResponse, check } = startRemote(jwksResponse('a'), {
      staleIfError: 60,
    })
    await verifier.warmUp()
    setResponse(errorResponse())
    const states: unknown[] = []
    for (const wait of [299.999, 0.001, 59.999, 0.001]) {
      clock.advance(wait)
      await idle()
      const [health] = verifier.health().issuers
      states.push([health?.state, health?.keys, verifier.ready()])
    }
    expect(states).toEqual([
      ['fresh', 1, true],
      ['stale', 1, true],
      ['stale', 1, true],
      ['none', 0, false],
    ])
    expect(await check('a')).toBe('keys_unavailable')
  })
})

describe('the delay before a retry', () => {
  test('doubles with each failure and is reset by a success', async () => {
    const { verifier, clock, idle, setResponse, fetches } = startRemote(errorResponse())
    const delays: unknown[] = []
    const recordDelay = async (): Promise<void> => {
      await idle()
      delays.push(verifier.health().issuers[0]?.nextAttempt)
    }
    verifier.ready()
    await recordDelay()
    for (const wait of [0.75, 1.5]) {
      clock.advance(wait)
      await recordDelay()
    }
    setResponse(jwksResponse('a'))
    clock.advance(3)
    await recordDelay()
    setResponse(errorResponse())
    clock.advance(217.5)
    await recordDelay()
    expect(delays).toEqual([0.75, 1.5, 3, 217.5, 3.75])
    expect(fetches()).toBe(5)
  })

  test('applies to warmUp(), ready() and requests', async () => {
    const clock = suspendedClock()
    const { verifier, fetches, check } = startRemote(errorResponse(), { clock })
    const warmUpError = async (): Promise<unknown> =>
      verifier.warmUp().catch((error: unknown) => error)
    const reason = `JWKS of '${issuer}' is unavailable: not fetched yet (${status503})`
    const error = await warmUpError()
    expect(error).toBeInstanceOf(VerificationError)
    expect(error).toMatchObject({ code: 'keys_unavailable', reason, retryAfter: 1 })
    for (let at = 0; at < 3; at += 1) {
      await warmUpError()
      expect(verifier.ready()).toBe(false)
      expect(await check('a')).toBe('keys_unavailable')
    }
    expect(fetches()).toBe(1)
    clock.advance(0.75)
    await warmUpError()
    expect(fetches()).toBe(2)
  })

  test('is the retryAfter of a VerificationError', async () => {
    const { verifier, clock } = startRemote(errorResponse({ 'retry-after': '40' }))
    await verifier.warmUp().catch(() => {})
    clock.advance(9.5)
    const verified = verifier.verify(tokenWithKid('a', clock))
    await expect(verified).rejects.toMatchObject({ retryAfter: 51 })
  })

  test('does not apply to refreshKeys()', async () => {
    const { verifier, fetches, setResponse, check } = startRemote(errorResponse())
    await expect(verifier.refreshKeys()).rejects.toMatchObject({
      code: 'keys_unavailable',
      reason: `JWKS of '${issuer}' is unavailable: the refresh failed (${status503})`,
    })
    setResponse(jwksResponse('a'))
    await verifier.refreshKeys()
    expect(fetches()).toBe(2)
    expect(await check('a')).toBe('granted')
  })
})

describe('while keys can be used', () => {
  /** Ten seconds after a fetch. A refresh is due after 217.5 seconds. */
  async function startAfterFetch(respond: () => Response) {
    const harness = startRemote(jwksResponse('a'))
    await harness.verifier.warmUp()
    harness.clock.advance(10)
    harness.setResponse(respond)
    const nextAttempt = () => harness.verifier.health().issuers[0]?.nextAttempt
    return { ...harness, nextAttempt }
  }

  test('a failed refreshKeys() is retried soon', async () => {
    const { verifier, clock, idle, fetches, nextAttempt } = await startAfterFetch(errorResponse())
    await verifier.refreshKeys().catch(() => {})
    expect(nextAttempt()).toBe(3.75)
    clock.advance(3.75)
    await idle()
    expect(fetches()).toBe(3)
  })

  test('a failed fetch for an unknown kid is not retried before a refresh is due', async () => {
    const { check, nextAttempt } = await startAfterFetch(errorResponse())
    expect(await check('b')).toBe('keys_unavailable')
    expect(nextAttempt()).toBe(207.5)
  })

  test('a key set without usable keys is fetched again soon, even if it was for an unknown kid', async () => {
    const { check, nextAttempt } = await startAfterFetch(jwksResponse(''))
    expect(await check('b')).toBe('keys_unavailable')
    expect(nextAttempt()).toBe(3.75)
  })

  test('a retry is due when they expire', async () => {
    const clock = suspendedClock()
    const { verifier, setResponse } = startRemote(jwksResponse('a'), { clock, staleIfError: 60 })
    await verifier.warmUp()
    setResponse(errorResponse())
    clock.advance(358)
    await verifier.refreshKeys().catch(() => {})
    // They can be used for 2 seconds. Without keys, the delay is 0.75 seconds.
    expect(verifier.health().issuers[0]?.nextAttempt).toBe(2)
  })
})

test('warmUp() fetches nothing if there is a usable key set', async () => {
  const { verifier, fetches } = startRemote(jwksResponse('a'))
  await verifier.warmUp()
  await verifier.warmUp()
  expect(fetches()).toBe(1)
})

test('refreshKeys() waits for the fetch in flight and then fetches again', async () => {
  const { verifier, fetches, setResponse, check } = startRemote(jwksResponse('a'))
  verifier.ready()
  setResponse(jwksResponse('b'))
  await verifier.refreshKeys()
  expect(fetches()).toBe(2)
  expect([await check('b'), await check('a')]).toEqual(['granted', 'key_not_found'])
})

test('wrong metadata is a ConfigError at the start, and later requests get metadata_rejected', async () => {
  const fetch = async (): Promise<Response> => Response.json({ issuer: 'https://other.example' })
  const options = { issuer, audience: 'order-service', fetch, clock: createTestClock() }
  const verifier = createVerifier(options)
  await expect(verifier.warmUp()).rejects.toBeInstanceOf(ConfigError)
  await expect(verifier.refreshKeys()).rejects.toBeInstanceOf(ConfigError)
  expect(await verifier.check(tokenWithKid('a', options.clock))).toMatchObject({
    outcome: 'unavailable',
    code: 'metadata_rejected',
    reason: expect.stringContaining(
      `JWKS of '${issuer}' is unavailable: not fetched yet (The metadata of '${issuer}'`,
    ),
  })
})

describe('the next refresh', () => {
  test('is scheduled from the time of the request', async () => {
    const { verifier, clock, fetches, idle } = startRemote(() => {
      clock.advance(100)
      return jwksResponse('a')()
    })
    await verifier.warmUp()
    expect(verifier.health().issuers).toMatchObject([{ age: 100, nextAttempt: 117.5 }])
    clock.advance(117.499)
    await idle()
    expect(fetches()).toBe(1)
    clock.advance(0.001)
    await idle()
    expect(fetches()).toBe(2)
  })

  test('happens on time if the timer fires early', async () => {
    const clock = createTestClock()
    const schedule = (delay: number, callback: () => void): (() => void) =>
      clock.schedule(Math.max(1, delay - 5), callback)
    const earlyClock = { ...clock, schedule }
    const { verifier, fetches, idle } = startRemote(jwksResponse('a'), { clock: earlyClock })
    await verifier.warmUp()
    clock.advance(217.498)
    await idle()
    expect(fetches()).toBe(1)
    clock.advance(0.002)
    await idle()
    expect(fetches()).toBe(2)
  })
})

describe('the clock skew', () => {
  const date = 'Thu, 01 Jan 2026 01:00:00 GMT'

  test('is reported in seconds, even after the clock was moved', async () => {
    const { verifier, clock } = startRemote(jwksResponse('a', { date }))
    expect(verifier.health().issuers[0]).not.toHaveProperty('clockSkew')
    await verifier.warmUp()
    expect(verifier.health().issuers).toMatchObject([{ clockSkew: -0.5 }])
    clock.advance(10)
    clock.jump(90)
    expect(verifier.health().issuers).toMatchObject([{ clockSkew: 89.5 }])
  })

  test.each<[string, number, number, string | undefined]>([
    ['an expired token, if the clock is ahead', 90, 60, '90 s ahead of'],
    ['a token that is not valid yet, if the clock is behind', -90, 60, '91 s behind'],
    ['an expired token, if the clock is behind', -90, -200, undefined],
    ['an expired token, if the clock is right', 0, -20, undefined],
  ])('is in the reason for refusing %s', async (_what, jump, expiresIn, expected) => {
    const { verifier, clock } = startRemote(jwksResponse('a', { date }))
    const token = tokenWithKid('a', clock, expiresIn, {
      nbf: Math.floor(clock.now() / 1000) - 300 * Number(expiresIn < 0),
    })
    clock.jump(jump)
    const reason = await verifier.verify(token).then(
      () => 'granted',
      (error: Error) => error.message,
    )
    expect(reason).toMatch(/exp was|nbf is/)
    if (expected === undefined) expect(reason).not.toContain('clock is')
    else
      expect(reason).toContain(
        `This process's clock is ${expected} the authorization server's clock`,
      )
  })
})
