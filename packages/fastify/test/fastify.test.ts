import { createTestIssuer } from '@resource-server/testing'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import resourceServerPlugin, {
  ConfigError,
  type DecisionRecord,
  RequestRefusedError,
  resourceServer,
  type ResourceServerOptions,
} from '../src/index.ts'

// Behavior specific to Fastify. test/conformance covers what all hosts have in common.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const validHeaders = bearer(issuer.token({ aud: 'order-service', scope: 'orders:read' }))
const expiredHeaders = bearer(issuer.forge.expired({ aud: 'order-service' }))

async function start(
  overrides: Partial<ResourceServerOptions> = {},
  serverOptions: FastifyServerOptions = {},
): Promise<FastifyInstance> {
  const app = fastify(serverOptions)
  onTestFinished(() => app.close())
  await app.register(resourceServer, { ...options, ...overrides })
  return app
}

test('the plugin is both the default export and a named export', () => {
  expect(resourceServerPlugin).toBe(resourceServer)
})

test('registering protects no route, and a route without a guard has no token', async () => {
  const app = await start()
  app.get('/open', async () => 'open')
  app.get('/unguarded', async (request) => request.auth.subject)
  expect((await app.inject('/open')).body).toBe('open')
  const unguarded = await app.inject({ url: '/unguarded', headers: validHeaders })
  expect(unguarded.statusCode).toBe(500)
})

describe('a ConfigError during a request', () => {
  async function failing() {
    const lines: string[] = []
    const logger = { stream: { write: (line: string) => void lines.push(line) } }
    const app = fastify({ logger })
    onTestFinished(() => app.close())
    await app.register(resourceServer, { issuer: issuer.url, clock: issuer.clock })
    app.get('/no-guard', async (request) => request.auth.subject)
    app.get('/no-guard-2', async (request) => app.resourceServer.token(request).subject)
    app.get('/no-audience', { onRequest: app.requireAuthentication() }, async () => 'in')
    return { app, lines }
  }

  test.each([
    ['/no-guard', 'No guard ran on this request.'],
    ['/no-guard-2', 'No guard ran on this request.'],
    ['/no-audience', "let requireAudience('order-service') run first"],
  ])('is in the log with its text, and not in the response to %s', async (url, text) => {
    const { app, lines } = await failing()
    const response = await app.inject({ url, headers: validHeaders })
    expect(response.statusCode).toBe(500)
    expect(response.json()).toEqual({
      statusCode: 500,
      error: 'Internal Server Error',
      message: 'The resource server is misconfigured.',
    })
    expect(lines.join('\n')).toContain(text)
  })

  test('reaches a custom error handler as a ConfigError with its problem and fix', async () => {
    const { app } = await failing()
    const errors: unknown[] = []
    app.setErrorHandler(async (error, _request, reply) => {
      errors.push(error)
      return reply.code(500).send()
    })
    await app.inject({ url: '/no-guard', headers: validHeaders })
    expect(errors).toEqual([expect.any(ConfigError)])
    expect(errors).toMatchObject([{ problem: 'No guard ran on this request.' }])
  })
})

test('a guard works as an onRequest hook and sets request.auth', async () => {
  const app = await start()
  app.get('/', { onRequest: app.requireScope('orders:read') }, async ({ auth }) => auth.subject)
  expect((await app.inject({ url: '/', headers: validHeaders })).body).toBe('user-42')
  expect((await app.inject('/')).statusCode).toBe(401)
  expect((await app.inject({ url: '/', method: 'HEAD' })).statusCode).toBe(401)
  expect((await app.inject({ url: '/', method: 'HEAD', headers: validHeaders })).statusCode).toBe(
    200,
  )
})

test.each([
  ['before the guards', 'onRequest'],
  ['after the guards', 'preHandler'],
] as const)('a write to request.auth %s is ignored with a warning', async (_when, hook) => {
  const warned = vi.fn<(warning: Error) => void>()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  const app = await start()
  app.addHook(hook as 'onRequest', async (request) => {
    Object.assign(request, { auth: { subject: 'attacker' } })
  })
  app.get('/open', async (request) => request.auth.subject)
  app.get('/', { onRequest: app.requireAuthentication() }, async (request) => [
    request.auth.subject,
    app.resourceServer.token(request).subject,
  ])
  const response = await app.inject({ url: '/', headers: validHeaders })
  expect(response.json()).toEqual(['user-42', 'user-42'])
  expect((await app.inject({ url: '/open', headers: validHeaders })).statusCode).toBe(500)
  await vi.waitFor(() => expect(warned).toHaveBeenCalled())
})

test('a request with two credentials sent by inject is refused with 400', async () => {
  const app = await start()
  app.get('/', { onRequest: app.requireAuthentication() }, async () => 'in')
  const { authorization } = validHeaders
  const headers = { authorization: [authorization, authorization] as unknown as string }
  expect((await app.inject({ url: '/', headers })).statusCode).toBe(400)
})

test('a guard refuses before the body is validated', async () => {
  const app = await start()
  const schema = { body: { type: 'object', required: ['sku'] } }
  const handler = vi.fn<() => Promise<string>>().mockResolvedValue('in')
  app.post('/', { schema, onRequest: app.requireAuthentication() }, handler)
  const send = (headers: object) =>
    app.inject({ method: 'POST', url: '/', headers: { ...headers }, payload: {} })
  expect((await send({})).statusCode).toBe(401)
  expect((await send(validHeaders)).statusCode).toBe(400)
  expect(handler).not.toHaveBeenCalled()
})

test("a refusal runs Fastify's onSend hooks, is logged once and stops later hooks", async () => {
  const lines: string[] = []
  const app = await start({}, { logger: { stream: { write: (line) => void lines.push(line) } } })
  const neverCalled = vi.fn<() => Promise<string>>().mockResolvedValue('in')
  app.addHook('onSend', async (_request, reply, payload) => {
    await new Promise((resolve) => setImmediate(resolve))
    reply.header('x-sent-by', 'hook')
    return payload
  })
  const onRequest = [app.requireAuthentication(), app.requirePolicy(neverCalled as never)]
  app.get('/', { onRequest, preHandler: neverCalled }, neverCalled)
  const response = await app.inject('/')
  expect(response.statusCode).toBe(401)
  expect(response.headers).toMatchObject({
    'x-sent-by': 'hook',
    'content-type': 'application/problem+json',
    'content-length': String(response.body.length),
  })
  expect(neverCalled).not.toHaveBeenCalled()
  const logEntries = lines.map((line) => JSON.parse(line) as { res?: { statusCode: number } })
  expect(logEntries.filter(({ res }) => res?.statusCode === 401)).toHaveLength(1)
})

test('child plugins can require different audiences', async () => {
  const app = await start()
  for (const name of ['order-service', 'stock-service']) {
    await app.register(async (child) => {
      child.addHook('onRequest', child.requireAudience(name))
      child.get(`/${name}`, async ({ auth }) => auth.audience)
    })
  }
  const stock = bearer(issuer.token({ aud: 'stock-service' }))
  const status = async (url: string, headers: object) =>
    (await app.inject({ url, headers: { ...headers } })).statusCode
  expect(await status('/order-service', validHeaders)).toBe(200)
  expect(await status('/order-service', stock)).toBe(401)
  expect(await status('/stock-service', stock)).toBe(200)
  expect(await status('/stock-service', validHeaders)).toBe(401)
})

test('registering twice fails in the same plugin and works in a child plugin', async () => {
  const twice = await start()
  await expect(twice.register(resourceServer, options)).rejects.toThrow('registered twice')

  const app = await start()
  await app.register(async (child) => {
    await child.register(resourceServer, { ...options, audience: 'stock-service' })
    child.get(
      '/stock',
      { onRequest: child.requireAuthentication() },
      async ({ auth }) => auth.audience,
    )
  })
  app.get('/orders', { onRequest: app.requireAuthentication() }, async ({ auth }) => auth.audience)
  const stock = bearer(issuer.token({ aud: 'stock-service' }))
  expect((await app.inject({ url: '/stock', headers: stock })).json()).toEqual(['stock-service'])
  expect((await app.inject({ url: '/stock', headers: validHeaders })).statusCode).toBe(401)
  expect((await app.inject({ url: '/orders', headers: validHeaders })).json()).toEqual([
    'order-service',
  ])
})

test('app.resourceServer has warmUp, ready and close, and app.close calls close', async () => {
  const app = await start()
  await app.resourceServer.warmUp()
  expect(app.resourceServer.ready()).toBe(true)
  const closed = vi.spyOn(app.resourceServer, 'close')
  await app.close()
  expect(closed).toHaveBeenCalledOnce()
})

test('an unknown option makes registration fail', async () => {
  const app = fastify()
  const wrong = { ...options, audiance: 'x' } as ResourceServerOptions
  await expect(app.register(resourceServer, wrong)).rejects.toThrow("Unknown option 'audiance'")
})

test('a request is recorded once, with the path that the client requested', async () => {
  const records: DecisionRecord[] = []
  const rewriteUrl = () => '/orders/7'
  const onDecision = (record: DecisionRecord) => void records.push(record)
  const app = await start({ onDecision }, { rewriteUrl })
  const onRequest = [app.requireAudience('order-service'), app.requireScope('orders:read')]
  app.get('/orders/:id', { onRequest }, async () => 'in')
  await app.inject({ url: '/old/7?secret=1', headers: validHeaders })
  await new Promise((resolve) => setImmediate(resolve))
  expect(records).toMatchObject([
    {
      outcome: 'granted',
      request: { path: '/old/7', route: '/orders/:id' },
      checks: [{}, { passed: true }],
    },
  ])
})

describe("with onRefusal: 'throw'", () => {
  const errorSchema = {
    response: {
      401: { type: 'object', properties: { code: {}, message: {}, reason: {}, claim: {} } },
    },
  }
  test.each([
    ['without a response schema', {}, { statusCode: 401, error: 'Unauthorized' }],
    ['even if a response schema allows it', { schema: errorSchema }, {}],
  ])("Fastify's own error handler exposes no code %s", async (_title, route, members) => {
    const app = await start({ onRefusal: 'throw' })
    app.get('/', { ...route, onRequest: app.requireAuthentication() }, async () => 'in')
    const response = await app.inject({ url: '/', headers: expiredHeaders })
    expect(response.statusCode).toBe(401)
    expect(response.json()).toEqual({ message: 'The access token expired', ...members })
    expect(response.headers).toMatchObject({
      'www-authenticate': expect.stringContaining('error="invalid_token"') as string,
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
    })
  })

  test('a custom error handler can write the response', async () => {
    const app = await start({ onRefusal: 'throw' })
    app.setErrorHandler(async (error: Error, _request, reply) => {
      if (!(error instanceof RequestRefusedError)) return reply.send(error)
      expect(error.cause).toMatchObject({ code: 'token_expired', claim: 'exp' })
      return reply
        .code(error.status)
        .headers({ ...error.headers })
        .send({ problem: error.message })
    })
    app.get('/', { onRequest: app.requireAuthentication() }, async () => 'in')
    const response = await app.inject({ url: '/', headers: expiredHeaders })
    expect(response.json()).toEqual({ problem: 'The access token expired' })
    expect(response.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  test('other errors are not changed', async () => {
    const app = await start({ onRefusal: 'throw' })
    app.get('/', { onRequest: app.requireAuthentication() }, async () => {
      throw Object.assign(new Error('sold out'), { statusCode: 409 })
    })
    const response = await app.inject({ url: '/', headers: validHeaders })
    expect(response.json()).toMatchObject({ statusCode: 409, message: 'sold out' })
  })
})
