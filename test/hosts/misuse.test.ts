import { once } from 'node:events'
import { IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { serve } from '@hono/node-server'
import express5 from 'express'
import express4 from 'express-4'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa3 from 'koa'
import Koa2 from 'koa-2'
import { ConfigError } from '@resource-server/core'
import { resourceServer as forExpress } from '@resource-server/express'
import { resourceServer as forFastify } from '@resource-server/fastify'
import { resourceServer as forFetch } from '@resource-server/fetch'
import { resourceServer as forKoa } from '@resource-server/koa'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'

// Middleware that a framework accepts, but that is not a guard for it. It must never let a request through.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options = {
  issuer: issuer.url,
  clock: issuer.clock,
  audience: 'order-service',
  resource: 'https://orders.example.com',
}
const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })

const guardApp = fastify()
await guardApp.register(forFastify, options)
afterAll(() => guardApp.close())

const expressApi = forExpress(options)
const koaApi = forKoa(options)
const fetchApi = forFetch(options)
const guards: Readonly<Record<string, object>> = {
  Express: expressApi,
  Koa: koaApi,
  Fastify: guardApp,
  'the Fetch standard': fetchApi,
}
const metadataFunctions: Readonly<Record<string, unknown>> = {
  Express: expressApi.metadata,
  Koa: koaApi.metadata,
  Fastify: guardApp.resourceServer.metadata,
  'the Fetch standard': fetchApi.metadata,
}
const metadataHandlers: Readonly<Record<string, unknown>> = {
  Express: expressApi.metadata(),
  Koa: koaApi.metadata(),
  Fastify: guardApp.resourceServer.metadata(),
}

type Factory = (...scopes: readonly string[]) => unknown
const factoryFor = (framework: string): Factory =>
  (guards[framework] as { readonly requireScope: Factory }).requireScope

interface Result {
  readonly status: number
  readonly body: string
  /** What the framework's error handling got. */
  readonly errors: readonly unknown[]
  readonly handled: boolean
}

/** Starts an app with the middleware and sends a request with a valid token. */
type SendThrough = (middleware: never) => Promise<Result>

async function sendTo(server: Server, seen: Omit<Result, 'status' | 'body'>): Promise<Result> {
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
  return { ...seen, status: response.status, body: await response.text() }
}

const throughExpress =
  (express: typeof express5): SendThrough =>
  async (middleware) => {
    const seen = { errors: [] as unknown[], handled: false }
    const app = express().get('/', middleware, (_req, res) => {
      seen.handled = true
      res.send('in')
    })
    app.use(((error, _req, res, _next) => {
      seen.errors.push(error)
      res.sendStatus(500)
    }) satisfies express5.ErrorRequestHandler)
    const { status, body } = await sendTo(app.listen(0, '127.0.0.1'), seen)
    return { ...seen, status, body }
  }

const throughKoa =
  (Koa: typeof Koa3): SendThrough =>
  async (middleware) => {
    const seen = { errors: [] as unknown[], handled: false }
    const app = new Koa().use(middleware).use((ctx) => {
      seen.handled = true
      ctx.body = 'in'
    })
    app.on('error', (error) => seen.errors.push(error))
    const { status, body } = await sendTo(app.listen(0, '127.0.0.1'), seen)
    return { ...seen, status, body }
  }

const throughFastify: SendThrough = async (middleware) => {
  const seen = { errors: [] as unknown[], handled: false }
  const app = fastify()
  onTestFinished(() => app.close())
  app.addHook('onError', async (_request, _reply, error) => void seen.errors.push(error))
  app.get('/', { onRequest: middleware }, async () => {
    seen.handled = true
    return 'in'
  })
  const headers = { authorization: `Bearer ${token}` }
  const { statusCode, body } = await app.inject({ url: '/', headers })
  return { ...seen, status: statusCode, body }
}

const throughHono: SendThrough = async (middleware) => {
  const seen = { errors: [] as unknown[], handled: false }
  const app = new Hono().use(middleware).get('/', (context) => {
    seen.handled = true
    return context.text('in')
  })
  app.onError((error, context) => {
    seen.errors.push(error)
    return context.text('error', 500)
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  const { status, body } = await sendTo(server, seen)
  return { ...seen, status, body }
}

const hosts: readonly (readonly [name: string, framework: string, send: SendThrough])[] = [
  ['Express 5', 'Express', throughExpress(express5)],
  ['Express 4', 'Express', throughExpress(express4)],
  ['Koa 3', 'Koa', throughKoa(Koa3)],
  ['Koa 2', 'Koa', throughKoa(Koa2)],
  ['Fastify 5', 'Fastify', throughFastify],
  ['Hono', 'the Fetch standard', throughHono],
]
const frameworks = ['Express', 'Koa', 'Fastify']

describe.each(hosts)('%s', (_name, own, send) => {
  test.each(frameworks.filter((framework) => framework === own))(
    'lets a request through a guard for %s',
    async (framework) => {
      const guard = factoryFor(framework)('orders:read')
      expect(await send(guard as never)).toMatchObject({ status: 200, handled: true, errors: [] })
    },
  )

  test.each(frameworks.filter((framework) => framework !== own))(
    'fails with a ConfigError for a guard for %s',
    async (framework) => {
      const guard = factoryFor(framework)('orders:read')
      const { status, handled, errors } = await send(guard as never)
      expect({ status, handled }).toEqual({ status: 500, handled: false })
      expect(errors).toEqual([expect.any(ConfigError)])
      expect(errors).toMatchObject([
        { problem: expect.stringMatching(`^A guard for ${framework} was called with an? \\w+`) },
      ])
    },
  )

  test.each(frameworks.filter((framework) => framework === own))(
    'lets other requests through the metadata handler for %s',
    async (framework) => {
      const handler = metadataHandlers[framework]
      expect(await send(handler as never)).toMatchObject({ status: 200, handled: true, errors: [] })
    },
  )

  test.each(frameworks.filter((framework) => framework !== own))(
    'fails with a ConfigError for the metadata handler for %s',
    async (framework) => {
      const { status, handled, errors } = await send(metadataHandlers[framework] as never)
      expect({ status, handled }).toEqual({ status: 500, handled: false })
      expect(errors).toEqual([expect.any(ConfigError)])
      expect(errors).toMatchObject([
        {
          problem: expect.stringMatching(
            String.raw`metadata\(\) for ${framework} was called with an? \w+`,
          ),
        },
      ])
    },
  )

  test('fails with a ConfigError for a metadata function that was not called', async () => {
    const { status, handled, errors, body } = await send(metadataFunctions[own] as never)
    expect({ status, handled }).toEqual({ status: 500, handled: false })
    expect(errors).toEqual([expect.any(ConfigError)])
    expect(errors).toMatchObject([
      {
        problem: expect.stringContaining('metadata was passed as a handler without being called'),
        fix: 'Call it: metadata().',
      },
    ])
    expect(body).not.toContain('metadata')
  })

  test('fails with a ConfigError for a factory that was not called', async () => {
    const { status, handled, errors, body } = await send(factoryFor(own) as never)
    expect({ status, handled }).toEqual({ status: 500, handled: false })
    expect(errors).toEqual([expect.any(ConfigError)])
    expect(errors).toMatchObject([
      {
        problem: expect.stringContaining('requireScope was passed as a guard without being called'),
        fix: "Call it: requireScope('orders:read').",
      },
    ])
    expect(body).not.toContain('requireScope')
  })
})

describe('token()', () => {
  const nodeRequest = new IncomingMessage(new Socket())
  const fetchRequest = new Request('https://orders.example.com')
  const koaContext = { req: nodeRequest, res: {}, app: {}, state: {} }
  const fastifyRequest = { raw: nodeRequest, routeOptions: {} }
  const honoContext = { req: { raw: fetchRequest }, res: {} }
  const given: Readonly<Record<string, unknown>> = {
    'a Node request': nodeRequest,
    'a Koa context': koaContext,
    'a Fastify request': fastifyRequest,
    'a Fetch Request': fetchRequest,
    'a Hono context': honoContext,
    'an object': {},
    undefined,
    null: null,
  }
  const readers: readonly (readonly [
    name: string,
    own: string,
    read: (request: never) => unknown,
    argument: string,
  ])[] = [
    ['api.token() for Express', 'a Node request', expressApi.token, 'api.token(req)'],
    ['api.token() for Koa', 'a Koa context', koaApi.token, 'api.token(ctx)'],
    [
      'app.resourceServer.token() for Fastify',
      'a Fastify request',
      guardApp.resourceServer.token,
      'app.resourceServer.token(request)',
    ],
  ]
  const cases = readers.flatMap(([name, own, read, argument]) =>
    Object.keys(given)
      .filter((what) => what !== own)
      .map((what) => [name, what, read, argument] as const),
  )

  test.each(cases)('%s names %s, and what to pass', (name, what, read, argument) => {
    const thrown = thrownBy(() => read(given[what] as never))
    expect(thrown).toBeInstanceOf(ConfigError)
    expect(thrown).toMatchObject({
      problem: `${name} was called with ${what}.`,
      fix: expect.stringContaining(argument),
    })
  })

  test.each(readers)('%s says if no guard ran on %s', (_name, own, read) => {
    expect(thrownBy(() => read(given[own] as never))).toMatchObject({
      problem: 'No guard ran on this request.',
    })
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
