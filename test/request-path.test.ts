import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'

// How deep a request is in this project's code when the first claim of its token is checked. A newcomer who reads
// from the adapter to that check opens as many functions.

const maxFrames = 10
const marker = 'marker-of-the-token-under-test'

/** The frames of this project on the stack, from the adapter to the claim check, at the first claim check. */
async function framesAtFirstClaimCheck(request: () => Promise<unknown>): Promise<string[]> {
  const { hasOwn } = Object
  const limit = Error.stackTraceLimit
  let stack: string | undefined
  Error.stackTraceLimit = 100
  Object.hasOwn = (object, name) => {
    // The claims are the only object with this member.
    if (!stack && hasOwn(object, marker)) {
      const found = new Error('stack').stack ?? ''
      if (/token\/(?:claims|token-kind)\.[jt]s/.test(found)) stack = found
    }
    return hasOwn(object, name)
  }
  try {
    await request()
  } finally {
    Object.hasOwn = hasOwn
    Error.stackTraceLimit = limit
  }
  const ours = (stack ?? '')
    .split('\n')
    .filter((line) => /packages\/\w+\/(?:src|dist)\//.test(line))
  // The innermost frames may be helpers of the check. The check itself is the last one in claims.ts.
  return ours.slice(ours.findIndex((line) => line.includes('token/claims.'))).toReversed()
}

test(`at most ${maxFrames} frames lie between Express and the first claim check`, async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const api = resourceServer({ issuer: issuer.url, audience: 'order-service', clock: issuer.clock })
  const app = express().get('/', api.requireScope('orders:read'), (_req, res) => {
    res.json('ok')
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const send = (token: string) => async (): Promise<void> => {
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`http://127.0.0.1:${port}/`, { headers })).status).toBe(200)
  }
  const tokenOf = (jti: string): string =>
    issuer.token({ aud: 'order-service', scope: 'orders:read', claims: { jti, [marker]: true } })

  const [first, other] = [tokenOf('first'), tokenOf('other')]
  const whileKeysAreFetched = await framesAtFirstClaimCheck(send(first))
  const withKeys = await framesAtFirstClaimCheck(send(other))
  await send(other)()
  const cached = await framesAtFirstClaimCheck(send(other))

  for (const frames of [whileKeysAreFetched, withKeys, cached]) {
    expect(frames.length, frames.join('\n')).toBeGreaterThan(2)
    expect(frames.length, frames.join('\n')).toBeLessThanOrEqual(maxFrames)
  }
  // The synchronous path is visible as a whole.
  expect(cached[0]).toMatch(/packages\/express\//)
})
