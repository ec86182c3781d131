import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test, vi } from 'vitest'
import {
  ConfigError,
  type DecisionRecord,
  type FetchGuard,
  RequestRefusedError,
  resourceServer,
} from '../src/index.ts'

// Behavior specific to fetch handlers. test/conformance covers what all hosts have in common.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }
const validToken = issuer.token({ aud: 'order-service', scope: 'orders:read' })

const requestWith = (token?: string, method = 'GET'): Request =>
  new Request('https://orders.example/orders?secret=1', {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })

/** Creates a resource server. `recorded` returns the outcome and number of checks of each record. */
function recording() {
  const records: DecisionRecord[] = []
  const api = resourceServer({ ...options, onDecision: (record) => void records.push(record) })
  return { api, recorded: () => records.map(({ outcome, checks }) => [outcome, checks.length]) }
}

describe('mtls', () => {
  test.each([
    { from: 'socket' } as const,
    { from: 'header', format: 'rfc9440', peers: ['10.0.0.5'] } as const,
  ])(
    'with from: $from is a ConfigError, because requests do not expose their connection',
    (mtls) => {
      expect(() => resourceServer({ ...options, mtls })).toThrow(ConfigError)
      expect(() => resourceServer({ ...options, mtls })).toThrow('do not expose their connection')
    },
  )

  test('can be left to a gateway', () => {
    const mtls = { checkedBy: 'gateway' } as const
    expect(() => resourceServer({ ...options, mtls, log: 'off' })).not.toThrow()
  })
})

describe('authenticate', () => {
  test('returns the token of an accepted request', async () => {
    const auth = await resourceServer<{ tenant?: string }>(options).authenticate(
      requestWith(validToken),
    )
    expect(auth.ok && [auth.token.subject, auth.token.claims.tenant]).toEqual([
      'user-42',
      undefined,
    ])
  })

  test('returns a new response for each refused request', async () => {
    const api = resourceServer(options)
    for (const request of [requestWith(), requestWith()]) {
      const auth = await api.authenticate(request)
      if (auth.ok) throw new Error('the request was accepted')
      expect(auth.response.status).toBe(401)
      expect(auth.response.headers.get('www-authenticate')).toBe('Bearer realm="api"')
      expect(await auth.response.json()).toMatchObject({ status: 401 })
    }
  })

  test('requires the configured audience if no guard is given', async () => {
    const otherToken = issuer.token({ aud: 'stock-service' })
    expect(await resourceServer(options).authenticate(requestWith(otherToken))).toMatchObject({
      ok: false,
    })
  })

  test('rejects with ConfigError if no audience is configured', async () => {
    const { audience: _, ...rest } = options
    const api = resourceServer(rest)
    await expect(api.authenticate(requestWith(validToken))).rejects.toThrow(ConfigError)
    await expect(api.authenticate(requestWith(validToken), api.requireScope('a'))).rejects.toThrow(
      ConfigError,
    )
  })

  test('runs guards in order and stops at the first refusal', async () => {
    const api = resourceServer(options)
    const policy = vi.fn<() => boolean>().mockReturnValue(true)
    const guards = [api.requireScope('orders:write'), api.requirePolicy(policy)]
    const auth = await api.authenticate(requestWith(validToken), ...guards)
    expect(auth.ok || auth.response.status).toBe(403)
    expect(policy).not.toHaveBeenCalled()
  })

  test('accepts a missing but not a bad token with optional: true', async () => {
    const api = resourceServer({ ...options, optional: true })
    expect(await api.authenticate(requestWith())).toMatchObject({ ok: true, token: undefined })
    expect(await api.authenticate(requestWith('bad'))).toMatchObject({ ok: false })
    expect(await api.authenticate(requestWith(), api.requireScope('a'))).toMatchObject({
      ok: false,
    })
  })

  test('accepts a preflight with allowPreflight: true, and reading its token throws', async () => {
    const api = resourceServer({ ...options, allowPreflight: true })
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' }
    // Node's Request constructor drops these two headers, which browsers send.
    const request = requestWith(undefined, 'OPTIONS')
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value)
    const auth = await api.authenticate(request)
    expect(auth.ok).toBe(true)
    expect(() => auth.ok && auth.token).toThrow(ConfigError)
  })
})

describe('a request of another framework', () => {
  const api = resourceServer({ ...options, resource: 'https://orders.example.com' })
  const nodeRequest = new IncomingMessage(new Socket())
  const fetchRequest = requestWith(validToken)
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ['a Node request', nodeRequest, '@resource-server/express'],
    ['a Hono context', { req: { raw: fetchRequest }, res: undefined }, 'c.req.raw'],
    ['a Hono request', { raw: fetchRequest, url: '/', method: 'GET' }, 'c.req.raw'],
    ['undefined', undefined, 'the package for your framework'],
  ]

  test.each(wrong)('%s causes a ConfigError with the fix', async (name, request, fix) => {
    const given = request as Request
    const handler = vi.fn<() => Response>(() => new Response('in'))
    const problem = `A resource server for the Fetch standard was called with ${name}.`
    const results = [
      api.authenticate(given),
      api.protect(handler, api.requireDirect())(given),
      Promise.resolve().then(() => api.token(given)),
      Promise.resolve().then(() => api.metadata()(given)),
    ]
    for (const result of results) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(result).rejects.toMatchObject({ problem, fix: expect.stringContaining(fix) })
    }
    expect(handler).not.toHaveBeenCalled()
  })
})

describe('a guard', () => {
  test.each([
    [
      'from another resource server',
      () => resourceServer(options).requireScope('orders:read'),
      'A guard of another resource server',
    ],
    [
      'that is a copy of a guard',
      () => ({ ...resourceServer(options).requireDirect() }),
      'A value that is not a guard',
    ],
    [
      'that is written by hand',
      () => ({ name: 'x', admitsAnonymous: true, check: () => undefined }),
      'A value that is not a guard',
    ],
    [
      'that is the method itself',
      () => resourceServer(options).requireScope,
      "A function was passed as a guard. If it is a factory, call it: api.requireScope('orders:read'). If it is a guard of " +
        "another framework's package, use those of this resource server.",
    ],
    ['that is undefined', () => undefined, 'A value that is not a guard'],
  ])('%s causes a ConfigError', async (_title, make, message) => {
    const api = resourceServer(options)
    const guard = make() as unknown as FetchGuard
    const authenticating = api.authenticate(requestWith(validToken), guard)
    await expect(authenticating).rejects.toBeInstanceOf(ConfigError)
    await expect(authenticating).rejects.toThrow(message)
    expect(() => api.protect(() => new Response(), guard)).toThrow(message)
  })

  test('exposes only its name', () => {
    const guard = resourceServer(options).requireScope('orders:read')
    expect({ ...guard }).toEqual({ name: 'requireScope(orders:read)' })
  })
})

describe('protect', () => {
  test('passes further arguments to the handler, which gets the token from the request', async () => {
    const api = resourceServer(options)
    const handler = (request: Request, { params }: { params: { id: string } }) =>
      Response.json([api.token(request).subject, params.id])
    const protectedHandler = api.protect(handler, api.requireScope('orders:read'))
    const response = await protectedHandler(requestWith(validToken), { params: { id: '7' } })
    expect(await response.json()).toEqual(['user-42', '7'])
    expect((await protectedHandler(requestWith(), { params: { id: '7' } })).status).toBe(401)
  })

  test('requires the configured audience if no guard is given', async () => {
    const api = resourceServer(options)
    const handler = vi.fn<(request: Request) => Response>(() => new Response('in'))
    expect((await api.protect(handler)(requestWith())).status).toBe(401)
    expect(handler).not.toHaveBeenCalled()
    expect((await api.protect(handler)(requestWith(validToken))).status).toBe(200)
  })
})

describe('the number of decision records', () => {
  test('is one for each call of authenticate', async () => {
    const { api, recorded } = recording()
    await api.authenticate(
      requestWith(validToken),
      api.requireDirect(),
      api.requireScope('orders:read'),
    )
    await api.authenticate(requestWith())
    await vi.waitFor(() =>
      expect(recorded()).toEqual([
        ['granted', 2],
        ['refused', 1],
      ]),
    )
  })

  test('is one for a handler inside several protected handlers', async () => {
    const { api, recorded } = recording()
    const inner = api.protect(() => new Response('in'), api.requireScope('orders:read'))
    const outer = api.protect(async (request) => {
      await api.authenticate(request, api.requireDirect())
      return inner(request)
    }, api.requireAudience('order-service'))
    await outer(requestWith(validToken))
    await vi.waitFor(() => expect(recorded()).toEqual([['granted', 3]]))
  })

  test('is one for concurrent calls with the same request', async () => {
    const { api, recorded } = recording()
    const request = requestWith(validToken)
    await Promise.all([api.authenticate(request), api.authenticate(request, api.requireDirect())])
    await vi.waitFor(() => expect(recorded()).toEqual([['granted', 2]]))
  })

  test('is one for a handler that throws', async () => {
    const { api, recorded } = recording()
    const failingHandler = api.protect(() => Promise.reject(new Error('sold out')))
    await expect(failingHandler(requestWith(validToken))).rejects.toThrow('sold out')
    await vi.waitFor(() => expect(recorded()).toEqual([['granted', 1]]))
  })

  test('is two if a later call refuses a request that was granted', async () => {
    const { api, recorded } = recording()
    const request = requestWith(validToken)
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

test("authenticate rejects with an error that can become the response with onRefusal: 'throw'", async () => {
  const api = resourceServer({ ...options, onRefusal: 'throw' })
  const error: unknown = await api.authenticate(requestWith()).catch((cause: unknown) => cause)
  if (!(error instanceof RequestRefusedError)) throw new Error('no refusal')
  const response = new Response(error.body, error)
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api"')
  await expect(api.protect(() => new Response('in'))(requestWith())).rejects.toThrow(
    RequestRefusedError,
  )
})
