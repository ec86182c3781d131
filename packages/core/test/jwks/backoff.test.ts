import { createTestClock } from '@resource-server/testing'
import { expect, test } from 'vitest'
import { Backoff, messageOf } from '../../src/jwks/backoff.ts'

test('before anything failed, an answer says that nothing was fetched', () => {
  const failures = new Backoff('https://as.example.com', createTestClock())
  expect(failures).toMatchObject({ total: 0, lasts: false, reason: undefined, pauseLeft: 0 })
  const refusal = {
    code: 'keys_unavailable',
    reason: "the keys of 'https://as.example.com' cannot be had: nothing was fetched",
  }
  expect(failures.refusal()).toMatchObject({ ...refusal, detail: { retryAfter: 1 } })
  expect(failures.thrown()).toMatchObject({ code: refusal.code })
})

test.each([
  [new Error('no route'), 'no route'],
  ['no route', 'unknown'],
])('the reason for %s', (error, reason) => {
  expect(messageOf(error)).toBe(reason)
})
