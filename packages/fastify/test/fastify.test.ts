import { createTestIssuer } from '@resource-server/testing'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import resourceServerPlugin, {
  type DecisionRecord,
  RequestRefusedError,
  resourceServer,
  type ResourceServerOptions,
} from '../src/index.ts'

// What Fastify has that other hosts do not. What all hosts do alike is in test/conformance.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const good = bearer(issuer.token({ aud: 'order-service', scope: 'orders:read' }))
const expired = bearer(issuer.forge.expired({ aud: 'order-service' }))

async function start(
  given: Partial<ResourceServerOptions> = {},
  server: FastifyServerOptions = {},
): Promise<FastifyInstance> {
  const app = fastify(server)
  onTestFinished(() => app.close())
  await app.register(resourceServer, { ...options, ...given })
  return app
}

test('the plugin is the default export, and the named one', () => {
  expect(resourceServerPlugin).toBe(resourceServer)
})

test('registering protects no route, and a handler without a guard has no token', async () => {
  const app = await start()
  app.get('/open', async () => 'open')
  app.get('/forgotten', async (request) => request.auth.subject)
  expect((await app.inject('/open')).body).toBe('open')
  const forgotten = await app.inject({ url: '/forgotten', headers: good })
  expect(forgotten.statusCode).toBe(500)
  expect(forgotten.body).toContain('No guard ran on this request.')
})

test('guards are hooks of a route, and the token is on the request', async () => {
  const app = await start()
  app.get('/', { onRequest: app.requireScope('orders:read') }, async ({ auth }) => auth.subject)
  expect((await app.inject({ url: '/', headers: good })).body).toBe('user-42')
  expect((await app.inject('/')).statusCode).toBe(401)
  expect((await app.inject({ url: '/', method: 'HEAD' })).statusCode).toBe(401)
  expect((await app.inject({ url: '/', method: 'HEAD', headers: good })).statusCode).toBe(200)
})

test('two credentials are seen under inject as well', async () => {
  const app = await start()
  app.get('/', { onRequest: app.requireAuthentication() }, async () => 'in')
  const { authorization } = good
  const headers = { authorization: [authorization, authorization] as unknown as string }
  expect((await app.inject({ url: '/', headers })).statusCode).toBe(400)
})

test('a guard comes before the validation of what nobody was let in for', async () => {
  const app = await start()
  const schema = { body: { type: 'object', required: ['sku'] } }
  const handler = vi.fn<() => Promise<string>>().mockResolvedValue('in')
  app.post('/', { schema, onRequest: app.requireAuthentication() }, handler)
  const send = (headers: object) =>
    app.inject({ method: 'POST', url: '/', headers: { ...headers }, payload: {} })
  expect((await send({})).statusCode).toBe(401)
  expect((await send(good)).statusCode).toBe(400)
  expect(handler).not.toHaveBeenCalled()
})

test("a refusal passes Fastify's hooks and its log, and waits for them", async () => {
  const lines: string[] = []
  const app = await start({}, { logger: { stream: { write: (line) => void lines.push(line) } } })
  const later = vi.fn<() => Promise<string>>().mockResolvedValue('in')
  app.addHook('onSend', async (_request, reply, payload) => {
    await new Promise((resolve) => setImmediate(resolve))
    reply.header('x-sent-by', 'hook')
    return payload
  })
  const onRequest = [app.requireAuthentication(), app.requirePolicy(later as never)]
  app.get('/', { onRequest, preHandler: later }, later)
  const answer = await app.inject('/')
  expect(answer.statusCode).toBe(401)
  expect(answer.headers).toMatchObject({
    ...{ 'x-sent-by': 'hook', 'content-type': 'application/problem+json' },
    'content-length': String(answer.body.length),
  })
  expect(later).not.toHaveBeenCalled()
  const completed = lines.map((line) => JSON.parse(line) as { res?: { statusCode: number } })
  expect(completed.filter(({ res }) => res?.statusCode === 401)).toHaveLength(1)
})

test('scopes of the app have audiences of their own', async () => {
  const app = await start()
  for (const name of ['order-service', 'stock-service']) {
    await app.register(async (scope) => {
      scope.addHook('onRequest', scope.requireAudience(name))
      scope.get(`/${name}`, async ({ auth }) => auth.audience)
    })
  }
  const stock = bearer(issuer.token({ aud: 'stock-service' }))
  const status = async (url: string, headers: object) =>
    (await app.inject({ url, headers: { ...headers } })).statusCode
  expect(await status('/order-service', good)).toBe(200)
  expect(await status('/order-service', stock)).toBe(401)
  expect(await status('/stock-service', stock)).toBe(200)
  expect(await status('/stock-service', good)).toBe(401)
})

test('registered twice in one scope it says so; in a scope of its own it may differ', async () => {
  const twice = await start()
  await expect(twice.register(resourceServer, options)).rejects.toThrow('registered twice')

  const app = await start()
  await app.register(async (scope) => {
    await scope.register(resourceServer, { ...options, audience: 'stock-service' })
    scope.get(
      '/stock',
      { onRequest: scope.requireAuthentication() },
      async ({ auth }) => auth.audience,
    )
  })
  app.get('/orders', { onRequest: app.requireAuthentication() }, async ({ auth }) => auth.audience)
  const stock = bearer(issuer.token({ aud: 'stock-service' }))
  expect((await app.inject({ url: '/stock', headers: stock })).json()).toEqual(['stock-service'])
  expect((await app.inject({ url: '/stock', headers: good })).statusCode).toBe(401)
  expect((await app.inject({ url: '/orders', headers: good })).json()).toEqual(['order-service'])
})

test('what an operator does is on the app, under a name of its own', async () => {
  const app = await start()
  await app.resourceServer.warmUp()
  expect(app.resourceServer.ready()).toBe(true)
  const closed = vi.spyOn(app.resourceServer, 'close')
  await app.close()
  expect(closed).toHaveBeenCalledOnce()
})

test('options that cannot be right keep the app from starting', async () => {
  const app = fastify()
  const wrong = { ...options, audiance: 'x' } as ResourceServerOptions
  await expect(app.register(resourceServer, wrong)).rejects.toThrow(
    "Unknown option 'audiance'. Did you mean 'audience'?",
  )
})

test('a request is recorded once, with the path that the client asked for', async () => {
  const records: DecisionRecord[] = []
  const rewriteUrl = () => '/orders/7'
  const onDecision = (record: DecisionRecord) => void records.push(record)
  const app = await start({ onDecision }, { rewriteUrl })
  const onRequest = [app.requireAudience('order-service'), app.requireScope('orders:read')]
  app.get('/orders/:id', { onRequest }, async () => 'in')
  await app.inject({ url: '/old/7?secret=1', headers: good })
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
  const tellingSchema = {
    response: { 401: { type: 'object', properties: { code: {}, message: {}, reason: {} } } },
  }
  test.each([
    ['', {}, { statusCode: 401, error: 'Unauthorized' }],
    [', whatever a schema asks for', { schema: tellingSchema }, {}],
  ])("Fastify's own handler tells callers no code%s", async (_what, route, more) => {
    const app = await start({ onRefusal: 'throw' })
    app.get('/', { ...route, onRequest: app.requireAuthentication() }, async () => 'in')
    const answer = await app.inject({ url: '/', headers: expired })
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toEqual({ message: 'The access token expired', ...more })
    expect(answer.headers).toMatchObject({
      'www-authenticate': expect.stringContaining('error="invalid_token"') as string,
      ...{ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' },
    })
  })

  test('a handler of the user answers in its own words', async () => {
    const app = await start({ onRefusal: 'throw' })
    app.setErrorHandler(async (error: Error, _request, reply) => {
      if (!(error instanceof RequestRefusedError)) return reply.send(error)
      expect(error.cause).toMatchObject({ code: 'token_expired' })
      return reply
        .code(error.status)
        .headers({ ...error.headers })
        .send({ problem: error.message })
    })
    app.get('/', { onRequest: app.requireAuthentication() }, async () => 'in')
    const answer = await app.inject({ url: '/', headers: expired })
    expect(answer.json()).toEqual({ problem: 'The access token expired' })
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  test('other errors are left alone', async () => {
    const app = await start({ onRefusal: 'throw' })
    app.get('/', { onRequest: app.requireAuthentication() }, async () => {
      throw Object.assign(new Error('sold out'), { statusCode: 409 })
    })
    const answer = await app.inject({ url: '/', headers: good })
    expect(answer.json()).toMatchObject({ statusCode: 409, message: 'sold out' })
  })
})
