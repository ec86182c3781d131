import type express5 from 'express'
import { describe, expect, test } from 'vitest'
import { type ResourceServerOptions, resourceServer } from '../src/index.ts'
import { bearer, handler, hosts, send, serve, startIssuer } from './support.ts'

const issuer = await startIssuer()
const validToken = issuer.token({ aud: 'order-service' })
const preflight = { origin: 'https://shop.example', 'access-control-request-method': 'PUT' }

describe.each(hosts)('on %s', (_host, express) => {
  async function serveRoute(options: Partial<ResourceServerOptions> = {}) {
    const api = resourceServer({ issuer: issuer.url, clock: issuer.clock, ...options })
    const route = handler()
    const port = await serve(express().all('/', api.requireAudience('order-service'), route))
    return { port, route }
  }

  describe('HEAD', () => {
    test('is guarded like GET and gets no response body', async () => {
      const { port, route } = await serveRoute()
      const refused = await send(port, '/', {}, 'HEAD')
      expect(refused).toMatchObject({ status: 401, body: '' })
      expect(refused.headers['www-authenticate']).toBe('Bearer realm="api"')
      expect(await send(port, '/', bearer(validToken), 'HEAD')).toMatchObject({
        status: 200,
        body: '',
      })
      expect(route).toHaveBeenCalledTimes(1)
    })
  })

  describe.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s', (method) => {
    test('requires a token', async () => {
      const { port, route } = await serveRoute()
      expect((await send(port, '/', {}, method)).status).toBe(401)
      expect((await send(port, '/', bearer(validToken), method)).status).toBe(200)
      expect(route).toHaveBeenCalledTimes(1)
    })
  })

  describe('a CORS preflight', () => {
    test('requires a token by default', async () => {
      const { port, route } = await serveRoute()
      expect((await send(port, '/', preflight, 'OPTIONS')).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })

    test('passes without a token with allowPreflight', async () => {
      const { port, route } = await serveRoute({ allowPreflight: true })
      expect((await send(port, '/', preflight, 'OPTIONS')).status).toBe(200)
      expect(route).toHaveBeenCalledTimes(1)
    })
  })

  describe('a request that is not a CORS preflight', () => {
    test.each([
      ['OPTIONS', 'Origin only', { origin: 'https://shop.example' }],
      ['OPTIONS', 'Access-Control-Request-Method only', { 'access-control-request-method': 'PUT' }],
      ['OPTIONS', 'neither preflight header', {}],
      ['GET', 'both preflight headers', preflight],
      ['PUT', 'both preflight headers', preflight],
    ])('%s with %s requires a token even with allowPreflight', async (method, _title, headers) => {
      const { port, route } = await serveRoute({ allowPreflight: true })
      expect((await send(port, '/', headers, method)).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })
  })

  describe('a preflight whose method is overridden', () => {
    const overrideMethod: express5.RequestHandler = (req, _res, next) => {
      req.method = String(req.headers['x-http-method-override'])
      next()
    }
    const overridden = { ...preflight, 'x-http-method-override': 'DELETE' }
    const guard = () =>
      resourceServer({
        issuer: issuer.url,
        clock: issuer.clock,
        allowPreflight: true,
        audience: 'order-service',
      })

    test('requires a token if the override runs before the guards', async () => {
      const route = handler()
      const app = express().use(overrideMethod, guard().requireAuthentication())
      const port = await serve(app.delete('/', route))
      expect((await send(port, '/', overridden, 'OPTIONS')).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })

    test('requires a token if another guard follows', async () => {
      const api = guard()
      const route = handler()
      const app = express().use(api.requireAuthentication(), overrideMethod)
      const port = await serve(app.delete('/', api.requireScope('orders:write'), route))
      expect((await send(port, '/', overridden, 'OPTIONS')).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })

    test('has no token to read after the guards', async () => {
      const api = guard()
      const app = express().set('env', 'test').use(api.requireAuthentication(), overrideMethod)
      const port = await serve(app.delete('/', (req, res) => void res.json(api.token(req))))
      expect((await send(port, '/', overridden, 'OPTIONS')).status).toBe(500)
    })
  })

  describe('optional authentication', () => {
    async function sendOptional(headers: Record<string, string>) {
      const api = resourceServer({ issuer: issuer.url, clock: issuer.clock, optional: true })
      const app = express().get('/', api.requireAudience('order-service'), (req, res) => {
        res.send(api.token(req)?.subject ?? 'anonymous')
      })
      app.get(
        '/required',
        api.requireAudience('order-service'),
        api.requireAuthentication(),
        handler(),
      )
      const port = await serve(app)
      const required = await send(port, '/required', headers)
      const { status, body } = await send(port, '/', headers)
      return { status, body: status === 200 ? body : '', required: required.status }
    }

    test.each([
      [
        'accepts a request without a credential as anonymous',
        {},
        { status: 200, body: 'anonymous', required: 401 },
      ],
      [
        'accepts a valid token',
        bearer(validToken),
        { status: 200, body: 'user-42', required: 200 },
      ],
      [
        'refuses an expired token',
        bearer(issuer.forge.expired({ aud: 'order-service' })),
        { status: 401, body: '', required: 401 },
      ],
      [
        'refuses a token for another service',
        bearer(issuer.token({ aud: 'stock' })),
        { status: 401, body: '', required: 401 },
      ],
      [
        'refuses a token that is not a JWT',
        bearer('garbage'),
        { status: 401, body: '', required: 401 },
      ],
      [
        'refuses another scheme',
        { authorization: 'Basic dXNlcjpwYXNz' },
        { status: 401, body: '', required: 401 },
      ],
      [
        'refuses an empty Authorization header',
        { authorization: '' },
        { status: 400, body: '', required: 400 },
      ],
    ])('%s', async (_title, headers, expected) => {
      expect(await sendOptional({ ...headers })).toEqual(expected)
    })
  })
})
