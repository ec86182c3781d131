import { createTestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'
import {
  errorResponse,
  jwksResponse,
  startRemote,
  suspendedClock,
  tokenWithKid,
} from './remote-harness.ts'

// Time that passes during a fetch: the process was suspended, or a test advanced its clock.

test('after the test clock is advanced by two hours, an old token is expired and a new one is granted', async () => {
  await using issuer = await createTestIssuer({ algorithm: 'ES256' })
  const verifier = createVerifier(optionsFor(issuer))
  onTestFinished(() => verifier.close())
  const old = issuer.token({ aud, expiresIn: 3600 })
  expect(await verifier.check(old)).toMatchObject({ ok: true })
  for (const _ of [1, 2]) {
    issuer.clock.advance(7200)
    expect(await verifier.check(old)).toMatchObject({ code: 'token_expired' })
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
  }
  issuer.clock.advance(7200)
  expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
})

describe('a fetch during which the process is suspended for an hour', () => {
  const hour = 3600

  /** A verifier whose process is suspended during each of the next `times` fetches. */
  function startSuspended(times: number, seconds: number) {
    const clock = suspendedClock()
    let left = times
    const suspend = (): void => {
      if (left === 0) return
      left -= 1
      clock.advance(seconds)
    }
    const harness = startRemote(
      () => {
        suspend()
        return jwksResponse('a')()
      },
      { clock },
    )
    return { ...harness, suspend }
  }

  test.each([
    ['for the first token', 2 * hour],
    ['for as long as the key set is fresh', 300],
  ])('is repeated (%s)', async (_what, seconds) => {
    const { verifier, clock, check, fetches } = startSuspended(1, seconds)
    const old = tokenWithKid('a', clock)
    expect(await verifier.check(old)).toMatchObject({ code: 'token_expired' })
    expect(await check('a')).toBe('granted')
    expect(fetches()).toBe(2)
    expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh', age: 0, fetches: 2 })
  })

  test('is not repeated if the response is still fresh', async () => {
    const { verifier, fetches } = startSuspended(1, 299.999)
    await verifier.warmUp()
    expect(fetches()).toBe(1)
    expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh', age: 299.999 })
  })

  test('is repeated if it fails, because the connection was lost', async () => {
    const { verifier, setResponse, fetches, suspend } = startSuspended(1, 2 * hour)
    setResponse(() => {
      suspend()
      setResponse(jwksResponse('a'))
      return errorResponse()()
    })
    await verifier.warmUp()
    expect(fetches()).toBe(2)
    expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh', failures: 1 })
  })

  test('is repeated at most twice', async () => {
    const { check, fetches } = startSuspended(Infinity, 2 * hour)
    expect(await check('a')).toBe('keys_unavailable')
    expect(fetches()).toBe(3)
  })

  test('is not repeated after close()', async () => {
    const { verifier, setResponse, check, fetches, suspend } = startSuspended(1, 2 * hour)
    setResponse(() => {
      suspend()
      verifier.close()
      return jwksResponse('a')()
    })
    expect(await check('a')).toBe('keys_unavailable')
    expect(fetches()).toBe(1)
  })
})
