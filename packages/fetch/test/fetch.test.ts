import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test, vi } from 'vitest'
import {
  ConfigError,
  type DecisionRecord,
  type FetchGuard,
  RequestRefusedError,
  resourceServer,
} from '../src/index.ts'

// What is left to a host without a framework. What all hosts do alike is in test/conformance.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }
const good = issuer.token({ aud: 'order-service', scope: 'orders:read' })

const ask = (token?: string, method = 'GET'): Request =>
  new Request('https://orders.example/orders?secret=1', {
    ...{ method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } },
  })

/** A resource server, and what it has recorded so far. */
function recording() {
  const records: DecisionRecord[] = []
  const api = resourceServer({ ...options, onDecision: (record) => void records.push(record) })
  return { api, recorded: () => records.map(({ outcome, checks }) => [outcome, checks.length]) }
}

describe('authenticate', () => {
  test('has the token of whoever is let in', async () => {
    const auth = await resourceServer<{ tenant?: string }>(options).authenticate(ask(good))
    expect(auth.ok && [auth.token.subject, auth.token.claims.tenant]).toEqual([
      'user-42',
      undefined,
    ])
  })

  test('has a response of its own for each request that is refused', async () => {
    const api = resourceServer(options)
    for (const request of [ask(), ask()]) {
      const auth = await api.authenticate(request)
      if (auth.ok) throw new Error('let in')
      expect(auth.response.status).toBe(401)
      expect(auth.response.headers.get('www-authenticate')).toBe('Bearer realm="api"')
      expect(await auth.response.json()).toMatchObject({ status: 401 })
    }
  })

  test('without guards asks for the configured audience', async () => {
    const elsewhere = issuer.token({ aud: 'stock-service' })
    expect(await resourceServer(options).authenticate(ask(elsewhere))).toMatchObject({ ok: false })
  })

  test('without guards and without an audience lets nobody in', async () => {
    const { audience: _, ...rest } = options
    const api = resourceServer(rest)
    await expect(api.authenticate(ask(good))).rejects.toThrow(ConfigError)
    await expect(api.authenticate(ask(good), api.requireScope('a'))).rejects.toThrow(ConfigError)
  })

  test('asks all guards, in turn', async () => {
    const api = resourceServer(options)
    const later = vi.fn<() => boolean>().mockReturnValue(true)
    const guards = [api.requireScope('orders:write'), api.requirePolicy(later)]
    const auth = await api.authenticate(ask(good), ...guards)
    expect(auth.ok || auth.response.status).toBe(403)
    expect(later).not.toHaveBeenCalled()
  })

  test('with optional lets the anonymous in, and nobody with a bad token', async () => {
    const api = resourceServer({ ...options, optional: true })
    expect(await api.authenticate(ask())).toMatchObject({ ok: true, token: undefined })
    expect(await api.authenticate(ask('bad'))).toMatchObject({ ok: false })
    expect(await api.authenticate(ask(), api.requireScope('a'))).toMatchObject({ ok: false })
  })

  test('a preflight that is let through has no token, and says so', async () => {
    const api = resourceServer({ ...options, allowPreflight: true })
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' }
    // Node's Request would drop these two: browsers set them, and servers see them.
    const request = ask(undefined, 'OPTIONS')
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value)
    const auth = await api.authenticate(request)
    expect(auth.ok).toBe(true)
    expect(() => auth.ok && auth.token).toThrow(ConfigError)
  })
})

describe('a guard', () => {
  test.each([
    ['of another resource server', () => resourceServer(options).requireScope('orders:read')],
    ['that is a copy', () => ({ ...resourceServer(options).requireDirect() })],
    ['that lets all pass', () => ({ name: 'x', admitsAnonymous: true, check: () => undefined })],
    ['that was not made', () => resourceServer(options).requireScope],
    ['that is missing', () => undefined],
  ])('%s is a mistake', async (_what, make) => {
    const api = resourceServer(options)
    const guard = make() as unknown as FetchGuard
    await expect(api.authenticate(ask(good), guard)).rejects.toThrow(ConfigError)
    expect(() => api.protect(() => new Response(), guard)).toThrow(ConfigError)
  })

  test('does nothing by itself', () => {
    const guard = resourceServer(options).requireScope('orders:read')
    expect({ ...guard }).toEqual({ name: 'requireScope(orders:read)' })
  })
})

describe('protect', () => {
  test('keeps what the host passes on, and gives the token by the request', async () => {
    const api = resourceServer(options)
    const handler = (request: Request, { params }: { params: { id: string } }) =>
      Response.json([api.token(request).subject, params.id])
    const protectedHandler = api.protect(handler, api.requireScope('orders:read'))
    const answer = await protectedHandler(ask(good), { params: { id: '7' } })
    expect(await answer.json()).toEqual(['user-42', '7'])
    expect((await protectedHandler(ask(), { params: { id: '7' } })).status).toBe(401)
  })

  test('without guards asks for the configured audience', async () => {
    const api = resourceServer(options)
    const handler = vi.fn<(request: Request) => Response>(() => new Response('in'))
    expect((await api.protect(handler)(ask())).status).toBe(401)
    expect(handler).not.toHaveBeenCalled()
    expect((await api.protect(handler)(ask(good))).status).toBe(200)
  })
})

describe('one record', () => {
  test('for what authenticate granted or refused', async () => {
    const { api, recorded } = recording()
    await api.authenticate(ask(good), api.requireDirect(), api.requireScope('orders:read'))
    await api.authenticate(ask())
    await vi.waitFor(() =>
      expect(recorded()).toEqual([
        ['granted', 2],
        ['refused', 1],
      ]),
    )
  })

  test('for a handler behind several layers', async () => {
    const { api, recorded } = recording()
    const inner = api.protect(() => new Response('in'), api.requireScope('orders:read'))
    const outer = api.protect(async (request) => {
      await api.authenticate(request, api.requireDirect())
      return inner(request)
    }, api.requireAudience('order-service'))
    await outer(ask(good))
    await vi.waitFor(() => expect(recorded()).toEqual([['granted', 3]]))
  })

  test('for two that authenticate at once', async () => {
    const { api, recorded } = recording()
    const request = ask(good)
    await Promise.all([api.authenticate(request), api.authenticate(request, api.requireDirect())])
    await vi.waitFor(() => expect(recorded()).toEqual([['granted', 2]]))
  })

  test('for a handler that throws', async () => {
    const { api, recorded } = recording()
    const broken = api.protect(() => Promise.reject(new Error('sold out')))
    await expect(broken(ask(good))).rejects.toThrow('sold out')
    await vi.waitFor(() => expect(recorded()).toEqual([['granted', 1]]))
  })

  test('more where a later look refuses: a refusal is never lost', async () => {
    const { api, recorded } = recording()
    const request = ask(good)
    await api.authenticate(request)
    await api.authenticate(request, api.requireScope('orders:write'))
    await vi.waitFor(() =>
      expect(recorded()).toEqual([
        ['granted', 1],
        ['refused', 2],
      ]),
    )
    expect(await api.authenticate(request)).toMatchObject({ ok: false })
    expect(recorded()).toHaveLength(2)
  })
})

test("with onRefusal: 'throw' it rejects with all that an answer needs", async () => {
  const api = resourceServer({ ...options, onRefusal: 'throw' })
  const refused: unknown = await api.authenticate(ask()).catch((error: unknown) => error)
  if (!(refused instanceof RequestRefusedError)) throw new Error('no refusal')
  const answer = new Response(refused.body, refused)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"')
  await expect(api.protect(() => new Response('in'))(ask())).rejects.toThrow(RequestRefusedError)
})
