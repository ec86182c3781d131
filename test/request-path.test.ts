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
const audience = 'order-service'
const marker = 'marker-of-the-token-under-test'

/** The frames of this project, outermost first. */
function framesIn(stack: string | undefined): string[] {
  const lines = (stack ?? '').split('\n')
  return lines.filter((line) => /packages\/\w+\/(?:src|dist)\//.test(line)).toReversed()
}

/**
 * The functions from the adapter to the first claim check. A new token waits for its key, so its path is on two
 * stacks: before the wait, and after it. Both contain `#verifyNew`.
 */
async function pathToFirstClaimCheck(request: () => Promise<unknown>): Promise<string[]> {
  const { hasOwn } = Object
  // oxlint-disable-next-line unbound-method -- called with the array
  const { includes } = Array.prototype
  const limit = Error.stackTraceLimit
  const stacks: string[] = []
  Error.stackTraceLimit = 100
  Object.hasOwn = (object, name) => {
    // The claims are the only object with this member.
    if (hasOwn(object, marker)) stacks.push(new Error('stack').stack ?? '')
    return hasOwn(object, name)
  }
  // The claims of a cached token are not looked up as own members, but its audience is compared.
  Reflect.set(
    Array.prototype,
    'includes',
    function record(this: readonly unknown[], ...given: [unknown, number?]): boolean {
      if (given[0] === audience) stacks.push(new Error('stack').stack ?? '')
      return Reflect.apply(includes, this, given)
    },
  )
  try {
    await request()
  } finally {
    Object.hasOwn = hasOwn
    Reflect.set(Array.prototype, 'includes', includes)
    Error.stackTraceLimit = limit
  }
  const before = framesIn(stacks[0])
  const after = framesIn(stacks.find((stack) => stack.includes('token/claims.')))
  // The innermost frames may be helpers of the check. The check itself is the last one in claims.ts.
  const toCheck = after.slice(0, after.findLastIndex((line) => line.includes('token/claims.')) + 1)
  const isWait = (line: string): boolean => line.includes('#verifyNew')
  if (!before.some(isWait)) return toCheck
  return [...before.slice(0, before.findIndex(isWait)), ...toCheck.slice(toCheck.findIndex(isWait))]
}

test(`at most ${maxFrames} frames lie between Express and the first claim check`, async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const api = resourceServer({ issuer: issuer.url, audience, clock: issuer.clock })
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
    issuer.token({ aud: audience, scope: 'orders:read', claims: { jti, [marker]: true } })

  const [first, other] = [tokenOf('first'), tokenOf('other')]
  const whileKeysAreFetched = await pathToFirstClaimCheck(send(first))
  const withKeys = await pathToFirstClaimCheck(send(other))
  await send(other)()
  const cached = await pathToFirstClaimCheck(send(other))

  for (const path of [whileKeysAreFetched, withKeys, cached]) {
    expect(path[0]).toMatch(/packages\/express\//)
    expect(path.at(-1)).toContain('token/claims.')
    expect(path.length, path.join('\n')).toBeLessThanOrEqual(maxFrames)
  }
})
