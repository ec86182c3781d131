import { describe, expect, test } from 'vitest'
import { errorOf, setUp, target } from './support.ts'

// Which calls share a request, and when requests wait.

describe('calls at the same time', () => {
  test('share one exchange, and an abort of one caller does not fail the others', async () => {
    const { hop, issuer, subject, exchanges } = await setUp()
    await hop.warmUp()
    const caller = await subject()
    issuer.delay(1)
    const controller = new AbortController()
    const aborted = hop.token(caller, { signal: controller.signal })
    const others = [hop.token(caller), hop.token(caller, { signal: new AbortController().signal })]
    await arrival(exchanges)
    const reason = new Error('gone')
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    issuer.clock.advance(1)
    const tokens = await Promise.all(others)
    expect(tokens[0]).toBe(tokens[1])
    expect(exchanges()).toBe(1)
  })

  test('that all abort leave a token for the next one', async () => {
    const { hop, issuer, subject, exchanges } = await setUp()
    await hop.warmUp()
    const caller = await subject()
    issuer.delay(1)
    const controller = new AbortController()
    const call = hop.token(caller, { signal: controller.signal })
    await arrival(exchanges)
    controller.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    issuer.clock.advance(1)
    await hop.token(caller)
    expect(exchanges()).toBe(1)
  })

  test('that time out get 503, and leave a token for the next one', async () => {
    const { hop, issuer, subject, exchanges } = await setUp()
    await hop.warmUp()
    const caller = await subject()
    issuer.delay(1)
    const controller = new AbortController()
    const call = errorOf(hop.token(caller, { signal: controller.signal }))
    await arrival(exchanges)
    controller.abort(new DOMException('too late', 'TimeoutError'))
    expect(await call).toMatchObject({ status: 503, code: 'server_unavailable' })
    issuer.clock.advance(1)
    await hop.token(caller)
    expect(exchanges()).toBe(1)
  })

  test('that abort before anything is sent send nothing', async () => {
    const { hop, subject, exchanges } = await setUp()
    const caller = await subject()
    const controller = new AbortController()
    const call = hop.token(caller, { signal: controller.signal })
    controller.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    expect(exchanges()).toBe(0)
  })

  test('are not started with a signal that has already aborted', async () => {
    const { hop, subject, exchanges } = await setUp()
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(hop.token(await subject(), { signal })).rejects.toThrow('gone')
    expect(exchanges()).toBe(0)
  })
})

/** Waits until the authorization server has the request. */
async function arrival(exchanges: () => number): Promise<void> {
  while (exchanges() === 0) await new Promise((resolve) => setImmediate(resolve))
}

describe('a token of a caller', () => {
  test('that is forgotten is exchanged again', async () => {
    const { hop, subject, exchanges } = await setUp()
    const caller = await subject()
    await hop.token(caller)
    await hop.forget(caller)
    await hop.token(caller)
    expect(exchanges()).toBe(2)
  })

  test('that is forgotten during its exchange leaves nothing in the cache', async () => {
    const { hop, subject, exchanges } = await setUp()
    const caller = await subject()
    const running = hop.token(caller)
    // The exchange starts after the key of the hop is known.
    await arrival(exchanges)
    await hop.forget(caller)
    await running
    expect(hop.health().cachedTokens).toBe(0)
    await hop.token(caller)
    expect(exchanges()).toBe(2)
  })
})

describe('while the authorization server is down', () => {
  test('the second failure delays the next request, longer each time, and one success ends it', async () => {
    const { hop, issuer, subject, exchanges } = await setUp()
    const caller = await subject({ expiresIn: 7200 })
    issuer.tokenEndpoint.refuse('server_error', { status: 503 })
    await errorOf(hop.token(caller))
    await errorOf(hop.token(caller))
    expect(exchanges()).toBe(2)
    // Half of the delay is random: 0.5 to 1 second, then 1 to 2, and so on up to 30.
    for (const [attempt, least, most] of [
      [3, 0.5, 1],
      [4, 1, 2],
      [5, 2, 4],
    ] as const) {
      issuer.clock.advance(least * 0.99)
      const error = await errorOf(hop.token(caller))
      expect(error).toMatchObject({ status: 503, code: 'server_unavailable' })
      expect(error.retryAfter).toBeGreaterThanOrEqual(1)
      expect(exchanges()).toBe(attempt - 1)
      issuer.clock.advance(most - least * 0.99)
      await errorOf(hop.token(caller))
      expect(exchanges()).toBe(attempt)
    }
    issuer.tokenEndpoint.reset()
    issuer.clock.advance(30)
    // Nothing is known until the next request.
    expect(hop.health()).toMatchObject({ ok: false, reason: expect.stringContaining('503') })
    await hop.token(caller)
    expect(hop.health()).toEqual({ ok: true, cachedTokens: 1 })
  })

  test('50 callers at once count as one failure', async () => {
    const { hop, issuer, subject, exchanges } = await setUp()
    const callers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => subject({ sub: `user-${at}` })),
    )
    issuer.tokenEndpoint.refuse('server_error', { status: 500 })
    await Promise.all(callers.map((caller) => errorOf(hop.token(caller))))
    const before = exchanges()
    issuer.tokenEndpoint.reset()
    await hop.token(callers.at(0)!)
    expect(exchanges()).toBe(before + 1)
  })

  test('cached tokens are still returned', async () => {
    const { hop, issuer, subject } = await setUp()
    const [known, other] = [await subject(), await subject()]
    const token = await hop.token(known)
    issuer.stop()
    expect(await errorOf(hop.token(other))).toMatchObject({ status: 503 })
    expect(await hop.token(known)).toBe(token)
  })
})

describe('a refusal', () => {
  test('of one caller does not affect another caller', async () => {
    const { hop, issuer, subject, exchanges } = await setUp()
    const [revoked, valid] = [await subject(), await subject()]
    issuer.tokenEndpoint.revoke(revoked.raw)
    expect(await errorOf(hop.token(revoked))).toMatchObject({ status: 401 })
    await hop.token(valid)
    expect(await errorOf(hop.token(revoked))).toMatchObject({ status: 401 })
    expect(exchanges()).toBe(2)
  })

  test('of the target does not block other callers, if exchanges worked recently', async () => {
    const { hop, issuer, subject } = await setUp()
    await hop.token(await subject())
    issuer.tokenEndpoint.refuse('invalid_target')
    expect(await errorOf(hop.token(await subject()))).toMatchObject({ status: 503 })
    issuer.tokenEndpoint.reset()
    await hop.token(await subject())
  })

  test('says what the operator can do at this server, and nothing to the caller', async () => {
    const { hop, issuer, subject } = await setUp({ dialect: 'keycloak', audience: target })
    issuer.tokenEndpoint.refuse('unauthorized_client', { description: 'Client not allowed' })
    const error = await errorOf(hop.token(await subject()))
    expect(error.reason).toBe(
      'the authorization server refused the exchange with "unauthorized_client" (status 400): ' +
        '"Client not allowed". Check the client secret, and turn on "Standard token exchange" in the ' +
        'capability settings of the client',
    )
    expect(error.serverError).toBe('unauthorized_client')
    expect(JSON.stringify(error) + error.message + error.body + error.stack).not.toMatch(
      /unauthorized|Client|Standard/,
    )
  })
})
