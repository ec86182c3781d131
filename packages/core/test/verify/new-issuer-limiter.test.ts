import { createTestClock } from '@resource-server/testing'
import { expect, test } from 'vitest'
import { createPolicy } from '../../src/config/policy.ts'
import { NewIssuerLimiter } from '../../src/verify/new-issuer-limiter.ts'

const clock = createTestClock()
const options = { issuer: 'https://as.example.com', audience: 'order-service', clock }
const policy = createPolicy(options, 'verifier')

test('in any second, 10 issuers are added, and those that would wait over 30 seconds are refused', async () => {
  const limiter = new NewIssuerLimiter(policy)
  const added: number[] = []
  const start = clock.monotonic()
  const results = Array.from({ length: 320 }, async () => {
    const refused = await limiter.wait()
    if (!refused) added.push(clock.monotonic() - start)
    return refused
  })
  for (let second = 0; second <= 31; second += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(1)
  }
  const refused = (await Promise.all(results)).filter((result) => result !== undefined)
  expect(added).toEqual(Array.from({ length: 310 }, (_, nth) => Math.floor(nth / 10) * 1000))
  expect(refused).toHaveLength(10)
  expect(refused[0]).toMatchObject({ code: 'keys_unavailable', detail: { retryAfter: 30 } })
  expect(await limiter.wait()).toBeUndefined()
})
