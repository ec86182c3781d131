import { describe, expect, test } from 'vitest'
import {
  errorResponse,
  issuer,
  jwksResponse,
  startRemote,
  suspendedClock,
  tokenWithKid,
} from './remote-harness.ts'

// A process that was suspended, so that its timers did not fire, and a verifier that was closed.

describe('after the process was suspended', () => {
  test.each<[seconds: number, code: string]>([
    [599.999, 'granted'],
    [600, 'key_not_found'],
  ])('for %d seconds, the result for a removed key is %s', async (seconds, code) => {
    const clock = suspendedClock()
    const { verifier, setResponse, fetches, check, idle } = startRemote(jwksResponse('a'), {
      clock,
    })
    await verifier.warmUp()
    setResponse(jwksResponse('b'))
    clock.advance(seconds)
    expect(await check('a')).toBe(code)
    await idle()
    expect(fetches()).toBe(2)
    expect(await check('a')).toBe('key_not_found')
  })

  test('the keys are fetched again before a cached token is accepted', async () => {
    const clock = suspendedClock()
    const { verifier, setResponse } = startRemote(jwksResponse('a'), { clock, clockTolerance: 600 })
    const token = tokenWithKid('a', clock)
    for (let at = 0; at < 3; at += 1)
      expect(await verifier.check(token)).toMatchObject({ ok: true })
    expect(verifier.health().cache).toMatchObject({ hits: 1 })
    setResponse(jwksResponse('b'))
    clock.advance(600)
    expect(await verifier.check(token)).toMatchObject({ code: 'key_not_found' })
  })

  test.each(['during an outage', 'after close()'])(
    'cached tokens are still accepted %s',
    async (when) => {
      const clock = suspendedClock()
      const { verifier, setResponse, check } = startRemote(jwksResponse('a'), { clock })
      const token = tokenWithKid('a', clock, 7200)
      const expectHits = async (hits: number): Promise<void> => {
        expect(await verifier.check(token)).toMatchObject({ ok: true })
        expect(verifier.health().cache).toMatchObject({ hits })
      }
      for (const hits of [0, 0, 1]) await expectHits(hits)
      setResponse(errorResponse())
      clock.advance(600)
      if (when === 'after close()') verifier.close()
      else expect(await check('a')).toBe('granted')
      await expectHits(2)
      clock.advance(3300)
      expect(await verifier.check(token)).toMatchObject({ code: 'keys_unavailable' })
    },
  )

  test('the cached key set is used if the fetch fails', async () => {
    const clock = suspendedClock()
    const { verifier, setResponse, fetches, check, idle } = startRemote(jwksResponse('a'), {
      clock,
    })
    await verifier.warmUp()
    setResponse(errorResponse())
    clock.advance(3000)
    expect(await check('a')).toBe('granted')
    expect(fetches()).toBe(2)
    setResponse(() => new Promise(() => {}))
    clock.advance(5)
    // The request does not wait for this fetch, because the last one failed.
    expect(await check('a')).toBe('granted')
    expect(fetches()).toBe(3)
    verifier.close()
    await idle()
    expect(await check('a')).toBe('granted')
  })
})

describe('after close()', () => {
  test('nothing is fetched, and the cached key set is used until it expires', async () => {
    const { verifier, clock, fetches, check } = startRemote(jwksResponse('a'))
    await verifier.warmUp()
    verifier.close()
    clock.advance(3899)
    expect(await check('a')).toBe('granted')
    // Without a fetch, the key may be new.
    expect(await check('b')).toBe('keys_unavailable')
    clock.advance(1)
    expect(await check('a')).toBe('keys_unavailable')
    await expect(verifier.verify(tokenWithKid('a', clock))).rejects.toMatchObject({
      reason: `JWKS of '${issuer}' is unavailable: the cached key set has expired`,
    })
    expect(fetches()).toBe(1)
  })

  test('a verifier that never fetched keys says so', async () => {
    const { verifier, clock, fetches } = startRemote(jwksResponse('a'))
    verifier.close()
    await expect(verifier.verify(tokenWithKid('a', clock))).rejects.toMatchObject({
      reason: `JWKS of '${issuer}' is unavailable: not fetched yet`,
      retryAfter: 1,
    })
    expect(verifier.ready()).toBe(false)
    expect(fetches()).toBe(0)
  })

  test('the fetch in flight is aborted, and no timer is left', async () => {
    const { verifier, clock, fetches } = startRemote(() => new Promise(() => {}))
    const warmUp = verifier.warmUp()
    verifier.close()
    await expect(warmUp).rejects.toThrow('closed')
    clock.advance(3600)
    expect(fetches()).toBe(1)
  })
})
