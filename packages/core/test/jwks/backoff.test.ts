import { createTestClock } from '@resource-server/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FetchError } from '../../src/lib/fetch-json.ts'
import { Backoff } from '../../src/jwks/backoff.ts'
import { messageOf } from '../../src/jwks/fetch-failure.ts'

test('without a failure, the refusal has no cause and asks to retry after 1 second', () => {
  const backoff = new Backoff('https://as.example.com', createTestClock())
  expect(backoff).toMatchObject({
    failures: 0,
    isFailing: false,
    lastError: undefined,
    lastThrown: undefined,
    mayLookUp: true,
    delayLeft: 0,
  })
  const refusal = {
    code: 'keys_unavailable',
    reason: "JWKS of 'https://as.example.com' is unavailable: not fetched yet",
  }
  expect(backoff.refusal('not fetched yet')).toMatchObject({
    ...refusal,
    detail: { retryAfter: 1 },
  })
  expect(backoff.toError('not fetched yet')).toMatchObject({ code: refusal.code })
})

test('a failure is the cause in the refusal and delays the next fetch', () => {
  const clock = createTestClock()
  const backoff = new Backoff('https://as.example.com', clock)
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  onTestFinished(() => void vi.restoreAllMocks())
  backoff.recordFailure(new FetchError('answered with status 503', 503, 40), 0)
  expect(backoff).toMatchObject({ failures: 1, isFailing: true, delayLeft: 60_000 })
  expect(backoff.refusal('the cached key set has expired')).toMatchObject({
    reason:
      "JWKS of 'https://as.example.com' is unavailable: the cached key set has expired (answered with status 503)",
    detail: { retryAfter: 60 },
  })
  backoff.recordSuccess()
  expect(backoff).toMatchObject({ failures: 1, isFailing: false, delayLeft: 0 })
})

test('a token with an unknown kid may cause a fetch again when its delay is over', () => {
  const clock = createTestClock()
  const backoff = new Backoff('https://as.example.com', clock)
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  onTestFinished(() => void vi.restoreAllMocks())
  backoff.recordFailure(new FetchError('answered with status 503', 503, 40), 0)
  expect(backoff.mayLookUp).toBe(false)
  clock.advance(59.999)
  expect(backoff.mayLookUp).toBe(false)
  clock.advance(0.001)
  expect(backoff.mayLookUp).toBe(true)
})

test.each([
  [new Error('no route'), 'no route'],
  ['no route', 'unknown error'],
])('messageOf(%o) is %j', (error, message) => {
  expect(messageOf(error)).toBe(message)
})
