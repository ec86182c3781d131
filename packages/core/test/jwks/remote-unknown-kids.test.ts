import { createSigningKey, createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { RemoteKeySet } from '../../src/jwks/remote.ts'
import { createPolicy } from '../../src/config/policy.ts'
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

// Tokens whose key is not in the cached key set. The key may be newer than the key set.

test('a key set that was fetched for the same token is not fetched again', async () => {
  const { check, fetches } = startRemote(jwksResponse('a'))
  expect(await check('x')).toBe('key_not_found')
  expect(fetches()).toBe(1)
})

test('a key set that was cached before is fetched again, once per token', async () => {
  const { check, fetches, setResponse, verifier } = startRemote(jwksResponse('a'))
  await verifier.warmUp()
  expect(await check('x')).toBe('key_not_found')
  expect(fetches()).toBe(2)
  setResponse(jwksResponse('ab'))
  expect(await check('b')).toBe('granted')
  expect(fetches()).toBe(3)
})

test('a token that may cause no fetch because the budget is used up is keys_unavailable', async () => {
  const { check, clock, fetches, verifier } = startRemote(jwksResponse('a'))
  await verifier.warmUp()
  for (const kid of ['x', 'y']) expect(await check(kid)).toBe('key_not_found')
  clock.advance(2.5)
  const refused = verifier.verify(tokenWithKid('z', clock))
  await expect(refused).rejects.toMatchObject({
    code: 'keys_unavailable',
    reason: `JWKS of '${issuer}' is unavailable: the token's kid is unknown and another refresh is not allowed yet`,
    // The budget is refilled a minute after the first fetch.
    retryAfter: 58,
  })
  expect(await check('a')).toBe('granted')
  expect(fetches()).toBe(3)
  clock.advance(57.5)
  expect(await check('z')).toBe('key_not_found')
  expect(fetches()).toBe(4)
})

test('a token without a kid causes no fetch', async () => {
  const { verifier, clock, fetches } = startRemote(jwksResponse('ab'))
  await verifier.warmUp()
  expect(await verifier.check(tokenWithKid(undefined as never, clock))).toMatchObject({
    code: 'key_ambiguous',
  })
  expect(fetches()).toBe(1)
})

test('a token without a kid whose alg fits no key causes no fetch', async () => {
  const clock = createTestClock()
  let fetches = 0
  const fetch = async (): Promise<Response> => {
    fetches += 1
    return jwksResponse('a')()
  }
  const options = { issuer, jwksUri, audience: 'order-service', clock, fetch }
  const policy = createPolicy(options, 'verifier')
  const keys = new RemoteKeySet(policy.issuers.get(issuer)!, policy)
  await keys.warmUp()
  const found = await keys.find({ alg: 'RS256', kid: undefined, typ: undefined })
  expect(found).toMatchObject({ code: 'key_not_found' })
  expect(fetches).toBe(1)
  keys.close()
})

test('a kid that two keys share causes no fetch', async () => {
  const other = { ...createSigningKey('ES256', 'a').publicJwk }
  const { check, fetches, verifier } = startRemote(jwksResponse('a', {}, [other]))
  await verifier.warmUp()
  expect(await check('a')).toBe('key_ambiguous')
  expect(fetches()).toBe(1)
})

test('a key set that expires during the fetch is no longer used', async () => {
  const { check, setResponse, verifier, clock, fetches } = startRemote(jwksResponse('a'), {
    clock: suspendedClock(),
  })
  await verifier.warmUp()
  setResponse(errorResponse())
  await verifier.refreshKeys().catch(() => {})
  clock.advance(3899)
  let release = (): void => {}
  setResponse(() => new Promise((resolve) => (release = () => resolve(errorResponse()()))))
  const result = check('x')
  while (fetches() < 3) await Promise.resolve()
  clock.advance(1)
  release()
  expect(await result).toBe('keys_unavailable')
})

describe('if a fetch is in flight, a token with an unknown kid', () => {
  test('waits for that fetch', async () => {
    const { check, fetches, setResponse, verifier } = startRemote(jwksResponse('a'))
    await verifier.warmUp()
    setResponse(jwksResponse('ab'))
    const results = Array.from({ length: 50 }, () => check('b'))
    expect(new Set(await Promise.all(results))).toEqual(new Set(['granted']))
    expect(fetches()).toBe(2)
  })

  /** Starts a fetch that ends when `release()` is called. */
  async function startFetch() {
    const harness = startRemote(jwksResponse('a'))
    await harness.verifier.warmUp()
    let release = (): void => {}
    harness.setResponse(
      () => new Promise((resolve) => (release = () => resolve(jwksResponse('a')()))),
    )
    const refreshed = harness.verifier.refreshKeys()
    while (harness.fetches() < 2) await Promise.resolve()
    return { ...harness, release: () => release(), refreshed }
  }

  test('causes another fetch if that one does not find the key', async () => {
    const { check, setResponse, fetches, release, refreshed } = await startFetch()
    setResponse(jwksResponse('ab'))
    const result = check('b')
    release()
    expect(await result).toBe('granted')
    await refreshed
    expect(fetches()).toBe(3)
  })

  test('causes no more than one other fetch', async () => {
    const { check, setResponse, fetches, release, refreshed } = await startFetch()
    setResponse(jwksResponse('a'))
    const result = check('x')
    release()
    expect(await result).toBe('key_not_found')
    await refreshed
    expect(fetches()).toBe(3)
  })
})

test('a token that joined a fetch causes no other fetch if the budget is used up', async () => {
  const { check, fetches, verifier } = startRemote(jwksResponse('a'))
  await verifier.warmUp()
  for (const kid of ['x', 'y']) await check(kid)
  expect(fetches()).toBe(3)
  const refreshed = verifier.refreshKeys()
  while (fetches() < 4) await Promise.resolve()
  expect(await check('z')).toBe('keys_unavailable')
  await refreshed
  expect(fetches()).toBe(4)
})

test('in an outage, unknown kids are keys_unavailable, and nothing is fetched before the retry is due', async () => {
  const { check, clock, fetches, setResponse, verifier } = startRemote(jwksResponse('a'))
  await verifier.warmUp()
  setResponse(errorResponse({ 'retry-after': '60' }))
  await expect(verifier.verify(tokenWithKid('x', clock))).rejects.toMatchObject({
    code: 'keys_unavailable',
    reason: `JWKS of '${issuer}' is unavailable: the token's kid is unknown and the refresh failed (${status503})`,
  })
  expect(fetches()).toBe(2)
  expect(await check('x')).toBe('keys_unavailable')
  expect(await check('a')).toBe('granted')
  expect(fetches()).toBe(2)
})

test('after an outage, an unknown kid causes a fetch within 30 seconds, before the refresh is repeated', async () => {
  const { check, clock, fetches, idle, setResponse, verifier } = startRemote(jwksResponse('a'))
  await verifier.warmUp()
  setResponse(errorResponse())
  for (let at = 0; at < 6; at += 1) {
    await verifier.refreshKeys().catch(() => {})
    await idle()
  }
  expect(verifier.health().issuers[0]?.nextAttempt).toBeGreaterThanOrEqual(120)
  setResponse(jwksResponse('ab'))
  const before = fetches()
  expect(await check('b')).toBe('keys_unavailable')
  expect(fetches()).toBe(before)
  clock.advance(30)
  expect(await check('b')).toBe('granted')
})

test('at most 20,000 tokens wait for a fetch, and others are keys_unavailable', async () => {
  const clock = createTestClock()
  let release = (): void => {}
  const responses = [async () => jwksResponse('a')()]
  const fetch = async (): Promise<Response> => (responses.shift() ?? slowResponse)()
  const released = new Promise<void>((resolve) => (release = resolve))
  const slowResponse = (): Promise<Response> => released.then(jwksResponse('a'))
  const options = { issuer, jwksUri, audience: 'order-service', clock, fetch }
  const policy = createPolicy(options, 'verifier')
  const keys = new RemoteKeySet(policy.issuers.get(issuer)!, policy)
  await keys.warmUp()
  const find = async (kid: string): Promise<unknown> =>
    keys.find({ alg: 'ES256', kid, typ: undefined })
  const waiting = Array.from({ length: 20_000 }, (_, at) => find(`invented-${at}`))
  expect(await find('x')).toMatchObject({
    code: 'keys_unavailable',
    reason: `JWKS of '${issuer}' is unavailable: too many tokens are waiting for a refresh`,
    detail: { retryAfter: 1 },
  })
  release()
  expect(await Promise.all(waiting)).toHaveLength(20_000)
  // The tokens that waited do not count any more, but they used up the budget.
  expect(await find('y')).toMatchObject({
    code: 'keys_unavailable',
    reason: expect.stringContaining('another refresh is not allowed yet'),
  })
  keys.close()
})
