import { fromCookie, resourceServer as express } from '@resource-server/express'
import { resourceServer as fastify } from '@resource-server/fastify'
import { resourceServer as koa } from '@resource-server/koa'
import { resourceServer as mcp } from '@resource-server/mcp'
import * as nest from '@resource-server/nestjs'
import type { DecisionRecord } from '@resource-server/core'
import type { RunningHost } from '@resource-server/testing/conformance'
import { createTestIssuer } from '@resource-server/testing'
import 'reflect-metadata'
import { Controller, Get, type INestApplication, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import createExpress from 'express'
import createExpress4 from 'express-4'
import createFastify from 'fastify'
import Koa from 'koa'
import Koa2 from 'koa-2'
import { createServer, type IncomingMessage } from 'node:http'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { listening } from '../hosts/listen.ts'

// Based on public reports about other libraries: earlier code sets or deletes req.headers.authorization. Only
// the header that the client sent counts, and the refusal says so.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const token = issuer.token({ aud: 'order-service' })

/** What earlier code does to the request, by the query. */
function change(request: IncomingMessage): void {
  if (request.url?.includes('set')) request.headers.authorization = `Bearer ${token}`
  if (request.url?.includes('cookie')) request.headers.cookie = `__Host-session=${token}`
  if (request.url?.includes('delete')) {
    delete request.headers.authorization
    delete request.headers.cookie
  }
}

function portOf(server: RunningHost): number {
  onTestFinished(() => server.close())
  return server.port
}

type Options = Parameters<typeof express>[0]

const expressHost = (create: typeof createExpress) => async (options: Options) => {
  const api = express(options)
  const app = create()
  app.use((request, _response, next) => {
    change(request)
    next()
  })
  app.get('/', api.requireAuthentication(), (_request, response) => void response.send('in'))
  return portOf(await listening(app.listen(0, '127.0.0.1')))
}

const koaHost = (Application: typeof Koa) => async (options: Options) => {
  const api = koa(options)
  const app = new Application()
  app.use((context, next) => {
    change(context.req)
    return next()
  })
  app.use(api.requireAuthentication())
  app.use((context) => {
    context.body = 'in'
  })
  return portOf(await listening(app.listen(0, '127.0.0.1')))
}

/** A module with one route, without decorator syntax because the sources of the tests have none. */
function nestModule(options: Options): new () => object {
  class RouteController {
    handle(): string {
      return 'in'
    }
  }
  // oxlint-disable-next-line typescript/no-extraneous-class -- what a module is in NestJS
  class AppModule {}
  Controller()(RouteController)
  const handle = Object.getOwnPropertyDescriptor(RouteController.prototype, 'handle')!
  Get('/')(RouteController.prototype, 'handle', handle)
  const imports = [nest.ResourceServerModule.forRoot(options)]
  Module({ imports, controllers: [RouteController] })(AppModule)
  return AppModule
}

const nestPort = async (app: INestApplication): Promise<number> => {
  await app.listen(0, '127.0.0.1')
  onTestFinished(() => app.close())
  return (app.getHttpServer().address() as { port: number }).port
}

const quiet = { logger: false, abortOnError: false } as const

const hosts: Readonly<Record<string, (options: Options) => Promise<number>>> = {
  'Express 5': expressHost(createExpress),
  'Express 4': expressHost(createExpress4),
  'Koa 3': koaHost(Koa),
  'Koa 2': koaHost(Koa2),
  'node:http': async (options) => {
    const guard = express(options).requireAuthentication()
    const server = createServer((request, response) => {
      change(request)
      guard(request, response, () => void response.end('in'))
    })
    return portOf(await listening(server.listen(0, '127.0.0.1')))
  },
  'NestJS on Express': async (options) => {
    const app = await NestFactory.create(nestModule(options), new ExpressAdapter(), quiet)
    app.use((request: IncomingMessage, _response: unknown, next: () => void) => {
      change(request)
      next()
    })
    return nestPort(app)
  },
  'NestJS on Fastify': async (options) => {
    const adapter = new FastifyAdapter({ forceCloseConnections: true })
    const app = await NestFactory.create<NestFastifyApplication>(
      nestModule(options),
      adapter,
      quiet,
    )
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', async ({ raw }) => change(raw))
    return nestPort(app)
  },
  Fastify: async (options) => {
    const app = createFastify({ forceCloseConnections: true })
    await app.register(fastify, options)
    app.addHook('onRequest', async (request) => change(request.raw))
    app.get('/', { onRequest: app.requireAuthentication() }, () => 'in')
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    return (app.server.address() as { port: number }).port
  },
}

/** The MCP package accepts tokens only in Authorization. */
const onlyAuthorization: typeof hosts = {
  'MCP on node:http': async (options) => {
    const api = mcp({ ...options, resource: 'https://mcp.example.com/mcp' })
    const protect = api.protect((_request, response) => void response.end('in'))
    const server = createServer((request, response) => {
      change(request)
      protect(request, response)
    })
    return portOf(await listening(server.listen(0, '127.0.0.1')))
  },
}

type Start = (typeof hosts)[string]

/** Sends one request to a new app. */
async function send(
  start: Start,
  query: string,
  headers: Record<string, string> = {},
  added: Partial<Options> = {},
) {
  let take = (_record: DecisionRecord): void => {}
  const recorded = new Promise<DecisionRecord>((resolve) => (take = resolve))
  const options = { issuer: issuer.url, audience: 'order-service', clock: issuer.clock, ...added }
  const port = await start({ ...options, onDecision: (record) => take(record) })
  const { status } = await fetch(`http://127.0.0.1:${port}/?${query}`, { headers })
  return { status, record: await recorded }
}

const ofCodeBefore = 'Code that ran before the guard set'

describe.each(Object.entries({ ...hosts, ...onlyAuthorization }))('%s', (_name, start) => {
  test('ignores a header that earlier code set, and the reason says so', async () => {
    const { status, record } = await send(start, 'set')
    expect(status).toBe(401)
    expect(record).toMatchObject({ code: 'credential_missing', outcome: 'refused' })
    expect(record.reason).toContain(`${ofCodeBefore} req.headers.authorization`)
  })

  test('uses the header that the client sent, even if earlier code deleted it', async () => {
    const { status, record } = await send(start, 'delete', { authorization: `Bearer ${token}` })
    expect(status).toBe(200)
    expect(record).toMatchObject({ outcome: 'granted' })
  })

  test('does not mention earlier code if there is none', async () => {
    const { record } = await send(start, 'none')
    expect(record).toMatchObject({ reason: 'the request has no Authorization header' })
  })
})

describe.each(Object.entries(hosts))('%s with tokens in a cookie', (_name, start) => {
  const options = { credential: fromCookie('__Host-session') }

  test('ignores a cookie that earlier code set, and the reason says so', async () => {
    const { status, record } = await send(start, 'cookie', {}, options)
    expect(status).toBe(401)
    expect(record.reason).toContain(
      "the client did not send the cookie '__Host-session'. Code that",
    )
  })

  test('uses the cookie that the client sent, even if earlier code deleted or replaced it', async () => {
    const sent = { cookie: `__Host-session=${token}` }
    expect(await send(start, 'delete', sent, options)).toMatchObject({ status: 200 })
    const expired = { cookie: `__Host-session=${issuer.forge.expired({ aud: 'order-service' })}` }
    expect(await send(start, 'cookie', expired, options)).toMatchObject({ status: 401 })
  })

  test('ignores an Authorization header that earlier code copied from the cookie', async () => {
    const sent = { cookie: `__Host-session=${token}` }
    expect(await send(start, 'set', sent, options)).toMatchObject({ status: 200 })
    const { record } = await send(start, 'set', {}, options)
    expect(record.reason).toBe("the request does not have the cookie '__Host-session'")
  })
})
