import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { AccessToken } from '@resource-server/core'
import { resourceServer as forExpress } from '@resource-server/express'
import { resourceServer as forFastify } from '@resource-server/fastify'
import { resourceServer as forFetch } from '@resource-server/fetch'
import { resourceServer as forKoa } from '@resource-server/koa'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import express5 from 'express'
import express4 from 'express-4'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa3 from 'koa'
import Koa2 from 'koa-2'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { nextHop } from '../src/index.ts'
import { secret, self, target } from './support.ts'

// No host has an error handler: the error must be enough for each of them.

type Run = (token: AccessToken) => Promise<unknown>
type Listener = Parameters<typeof createServer>[1] & object

const common = (issuer: TestIssuer) => ({
  ...{ issuer: issuer.url, audience: self, clock: issuer.clock, jwksUri: issuer.jwksUri },
})

const onExpress =
  (express: typeof express5) =>
  (issuer: TestIssuer, run: Run): Listener => {
    const api = forExpress(common(issuer))
    const app = express()
    app.set('env', 'test')
    app.get('/', api.requireAuthentication(), (req, res, next) => {
      // Express 4 does not wait for promises.
      run(api.token(req)).then(() => res.send('ok'), next)
    })
    return app
  }

const onKoa =
  (Koa: typeof Koa3) =>
  (issuer: TestIssuer, run: Run): Listener => {
    const api = forKoa(common(issuer))
    const app = new Koa()
    app.silent = true
    app.use(api.requireAuthentication())
    app.use(async (ctx) => {
      await run(api.token(ctx))
      ctx.body = 'ok'
    })
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  }

const hosts: Readonly<
  Record<string, (issuer: TestIssuer, run: Run) => Listener | Promise<Listener>>
> = {
  'Express 5': onExpress(express5),
  'Express 4': onExpress(express4),
  'Koa 3': onKoa(Koa3),
  'Koa 2': onKoa(Koa2),
  'Fastify 5': async (issuer, run) => {
    const app = fastify()
    await app.register(forFastify, common(issuer))
    app.get('/', { onRequest: app.requireAuthentication() }, async (request) => {
      await run(request.auth)
      return 'ok'
    })
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  Hono: (issuer, run) => {
    const api = forFetch(common(issuer))
    const handler = api.protect(async (request: Request) => {
      await run(api.token(request))
      return new Response('ok')
    })
    const app = new Hono().get('/', (c) => handler(c.req.raw))
    const listener = getRequestListener(app.fetch)
    return (request, response) => void listener(request, response)
  },
}

const refusals = [
  {
    error: 'invalid_grant',
    status: 401,
    challenge:
      'Bearer error="invalid_token", error_description="The access token is no longer valid"',
  },
  {
    error: 'insufficient_user_authentication',
    members: { acr_values: 'mfa', max_age: 300 },
    status: 401,
    challenge:
      'Bearer error="insufficient_user_authentication", error_description="More recent or stronger authentication is required", acr_values="mfa", max_age="300"',
  },
  {
    error: 'interaction_required',
    members: { claims: '{"access_token":{"capolids":{"essential":true}}}' },
    status: 401,
    challenge:
      'Bearer error="insufficient_user_authentication", error_description="More recent or stronger authentication is required", claims="eyJhY2Nlc3NfdG9rZW4iOnsiY2Fwb2xpZHMiOnsiZXNzZW50aWFsIjp0cnVlfX19"',
  },
  { error: 'access_denied', status: 403, challenge: null },
  { error: 'invalid_scope', status: 403, challenge: null },
  { error: 'invalid_target', status: 503, challenge: null, retryAfter: '5' },
  { error: 'invalid_client', status: 503, challenge: null, retryAfter: '5' },
  { error: 'temporarily_unavailable', status: 503, challenge: null, retryAfter: '1' },
] as const

let issuer: TestIssuer
beforeAll(async () => {
  const clients = { [self]: { secret, targets: { [target]: ['stock:read'] } } }
  issuer = await createTestIssuer({ clients })
})
afterAll(() => issuer.close())

const listen = async (listener: Listener): Promise<string> => {
  const server: Server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each(Object.entries(hosts))('%s, without an error handler', (_name, start) => {
  test.each(refusals)('responds to $error with $status', async (refusal) => {
    const { error, status, challenge } = refusal
    const client = { id: self, secret }
    const { url, clock, tokenEndpoint } = issuer
    const hop = nextHop({ issuer: url, client, audience: target, clock })
    const members = 'members' in refusal ? refusal.members : {}
    const description = 'a secret of the operator'
    tokenEndpoint.refuse(error, { members, description })
    const origin = await listen(await start(issuer, (token) => hop.token(token)))
    const authorization = `Bearer ${issuer.token({ aud: self })}`
    const response = await fetch(origin, { headers: { authorization } })
    const retryAfter = 'retryAfter' in refusal ? refusal.retryAfter : null
    expect({
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      retryAfter: response.headers.get('retry-after'),
      cacheControl: response.headers.get('cache-control'),
    }).toEqual({ status, challenge, retryAfter, cacheControl: 'no-store' })
    const body = await response.text()
    expect(body).not.toContain(description)
    expect(body).not.toContain('authorization server')
  })

  test('sends the response of a handler whose exchange succeeds', async () => {
    issuer.tokenEndpoint.reset()
    const { url, clock } = issuer
    const hop = nextHop({ issuer: url, client: { id: self, secret }, audience: target, clock })
    const origin = await listen(await start(issuer, (token) => hop.token(token)))
    const authorization = `Bearer ${issuer.token({ aud: self })}`
    const response = await fetch(origin, { headers: { authorization } })
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
  })
})
