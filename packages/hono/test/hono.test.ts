import { createTestIssuer } from '@resource-server/testing'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { some } from 'hono/combine'
import { afterAll, describe, expect, test } from 'vitest'
import {
  ConfigError,
  type DecisionRecord,
  RequestRefusedError,
  resourceServer,
  type ResourceServerOptions,
} from '../src/index.ts'

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const aud = 'order-service'
const good = issuer.token({ aud, scope: 'orders:read', sub: 'user-1' })
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

function create(options: Partial<ResourceServerOptions> = {}) {
  const records: DecisionRecord[] = []
  const api = resourceServer({
    issuer: issuer.url,
    clock: issuer.clock,
    log: 'off',
    onDecision: (record) => void records.push(record),
    ...options,
  })
  const recorded = async (): Promise<readonly DecisionRecord[]> => {
    await new Promise((resolve) => setImmediate(resolve))
    return records
  }
  return { api, recorded }
}

test('guards in a chain of middleware make one record, with the pattern of the route', async () => {
  const { api, recorded } = create()
  const app = new Hono()
  app.use('/orders/*', api.requireAudience(aud))
  app.get('/orders/:id', api.requireScope('orders:read'), (c) => {
    return c.json({ id: c.req.param('id'), owner: c.get('token').subject })
  })
  const response = await app.request('/orders/7', bearer(good))
  expect(await response.json()).toEqual({ id: '7', owner: 'user-1' })
  expect(await recorded()).toMatchObject([
    { outcome: 'granted', checks: [{}, {}], request: { path: '/orders/7', route: '/orders/:id' } },
  ])
})

test('a route inside another app has the whole pattern', async () => {
  const { api, recorded } = create({ audience: aud })
  const orders = new Hono().get('/:id', api.requireAuthentication(), (c) => c.text('ok'))
  await new Hono().route('/orders', orders).request('/orders/7', bearer(good))
  expect(await recorded()).toMatchObject([{ request: { route: '/orders/:id' } }])
})

test.each([{}, { onRefusal: 'throw' } as const])(
  'Hono sends refusals with options %j',
  async (options) => {
    const { api, recorded } = create({ audience: aud, ...options })
    const app = new Hono().get('/', api.requireScope('orders:write'), (c) => c.text('ok'))
    const refused = await app.request('/', bearer(good))
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toContain('scope="orders:write"')
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect((await app.request('/')).status).toBe(401)
    expect((await recorded()).map(({ outcome }) => outcome)).toEqual(['refused', 'refused'])
  },
)

test("onRefusal: 'throw' reaches the error handler of the app", async () => {
  const { api } = create({ audience: aud, onRefusal: 'throw' })
  const app = new Hono().get('/', api.requireAuthentication(), (c) => c.text('ok'))
  app.onError((error, c) =>
    c.text(error instanceof RequestRefusedError ? error.code : 'other', 418),
  )
  const response = await app.request('/')
  expect([response.status, await response.text()]).toEqual([418, 'credential_missing'])
})

test('a token that other middleware writes does not grant access', async () => {
  const { api } = create({ audience: aud })
  const app = new Hono<{ Variables: { token: unknown } }>()
  app.use(async (c, next) => {
    c.set('token', { subject: 'admin' })
    await next()
  })
  app.get('/guarded', api.requireAuthentication(), (c) => c.text(api.token(c).subject))
  app.get('/open', (c) => c.text(api.token(c).subject))
  expect((await app.request('/guarded')).status).toBe(401)
  expect(await (await app.request('/guarded', bearer(good))).text()).toBe('user-1')
  app.onError((error, c) => c.text(error instanceof ConfigError ? 'ConfigError' : 'other', 500))
  expect(await (await app.request('/open', bearer(good))).text()).toBe('ConfigError')
})

test('the token stays available if middleware replaces the request', async () => {
  const { api } = create({ audience: aud })
  const app = new Hono()
  app.use(api.requireAuthentication())
  app.use(bodyLimit({ maxSize: 100 }))
  app.post('/', api.requireScope('orders:read'), async (c) =>
    c.text(api.token(c).subject + (await c.req.text())),
  )
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('!'))
      controller.close()
    },
  })
  const init = { ...bearer(good), method: 'POST', body, duplex: 'half' } as const
  expect(await (await app.request('/', init)).text()).toBe('user-1!')
})

test('a refusal is final, also if another guard of some() would pass', async () => {
  const { api } = create({ audience: aud })
  const either = some(api.requireScope('orders:write'), api.requireScope('orders:read'))
  const app = new Hono().get('/', either, (c) => c.text('ok'))
  expect((await app.request('/', bearer(good))).status).toBe(403)
})

test('optional: true lets anonymous requests pass requireAudience', async () => {
  const api = resourceServer({ issuer: issuer.url, clock: issuer.clock, optional: true })
  const app = new Hono().get('/', api.requireAudience(aud), (c) =>
    c.text(c.get('token')?.subject ?? 'everyone'),
  )
  expect(await (await app.request('/')).text()).toBe('everyone')
  expect(await (await app.request('/', bearer(good))).text()).toBe('user-1')
  expect((await app.request('/', bearer('x'))).status).toBe(401)
})

test('a preflight passes with allowPreflight, and has no token', async () => {
  const { api } = create({ audience: aud, allowPreflight: true })
  const app = new Hono().on(['GET', 'OPTIONS'], '/', api.requireAuthentication(), (c) =>
    c.text('ok'),
  )
  const headers = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' }
  expect((await app.request('/', { method: 'OPTIONS', headers })).status).toBe(200)
  expect((await app.request('/', { headers })).status).toBe(401)
})

test('a new nonce for DPoP is on the response of the handler, also if its headers cannot be changed', async () => {
  const { api } = create({
    audience: aud,
    publicUrl: 'https://api.example.com',
    dpop: { nonceSecret: 'a'.repeat(32) },
  })
  const app = new Hono().get('/', api.requireAuthentication(), () =>
    Response.redirect('https://other.example', 302),
  )
  const client = issuer.dpopClient()
  const token = client.token({ aud })
  const call = (nonce?: string): Response | Promise<Response> => {
    const proof = { token, url: 'https://api.example.com/', ...(nonce !== undefined && { nonce }) }
    return app.request('/', { headers: client.headers(proof) as Record<string, string> })
  }
  const nonce = (await call()).headers.get('dpop-nonce')!
  issuer.clock.advance(90)
  const renewed = await call(nonce)
  expect(renewed.status).toBe(302)
  expect(renewed.headers.get('dpop-nonce')).toMatch(/./)
  expect(renewed.headers.get('dpop-nonce')).not.toBe(nonce)
})

describe('misuse', () => {
  test('a request in place of the context is a ConfigError', async () => {
    const { api } = create({ audience: aud })
    const guard = api.requireAuthentication() as (...given: unknown[]) => unknown
    expect(() => guard(new Request('https://a.example'), () => undefined)).toThrow(ConfigError)
    expect(() => api.token(new Request('https://a.example') as never)).toThrow(/Fetch Request/)
    expect(() => guard(undefined)).toThrow(ConfigError)
  })

  test('a guard that was not called is a ConfigError', async () => {
    const { api } = create({ audience: aud })
    const app = new Hono().use(api.requireAuthentication as never)
    const errors: unknown[] = []
    app.onError((error, c) => {
      errors.push(error)
      return c.text('error', 500)
    })
    app.get('/', (c) => c.text('ok'))
    expect((await app.request('/')).status).toBe(500)
    expect(String(errors)).toMatch(/without being called: it got a Hono context/)
  })
})

test.each([{ from: 'socket' }, { from: 'header', format: 'rfc9440', peers: ['unix'] }] as const)(
  'mtls with %j is a ConfigError, because no request could prove its certificate',
  (mtls) => {
    const options = { issuer: 'https://as.example.com', audience: 'order-service', mtls } as const
    expect(() => resourceServer(options as never)).toThrow('do not expose their connection')
  },
)
