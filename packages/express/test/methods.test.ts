import { describe, expect, test } from 'vitest'
import { type ResourceServerOptions, resourceServer } from '../src/index.ts'
import { ask, bearer, handler, hosts, serve, startIssuer } from './support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud: 'order-service' })
const preflight = { origin: 'https://shop.example', 'access-control-request-method': 'PUT' }

describe.each(hosts)('on $host', ({ express }) => {
  async function open(options: Partial<ResourceServerOptions> = {}) {
    const api = resourceServer({ issuer: issuer.url, clock: issuer.clock, ...options })
    const route = handler()
    const port = await serve(express().all('/', api.requireAudience('order-service'), route))
    return { port, route }
  }

  describe('HEAD', () => {
    test('is guarded like GET, and answered without a body', async () => {
      const { port, route } = await open()
      const refused = await ask(port, '/', {}, 'HEAD')
      expect(refused).toMatchObject({ status: 401, body: '' })
      expect(refused.headers['www-authenticate']).toBe('Bearer realm="api"')
      expect(await ask(port, '/', bearer(good), 'HEAD')).toMatchObject({ status: 200, body: '' })
      expect(route).toHaveBeenCalledTimes(1)
    })
  })

  describe.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s', (method) => {
    test('needs a token', async () => {
      const { port, route } = await open()
      expect((await ask(port, '/', {}, method)).status).toBe(401)
      expect((await ask(port, '/', bearer(good), method)).status).toBe(200)
      expect(route).toHaveBeenCalledTimes(1)
    })
  })

  describe('a CORS preflight', () => {
    test('needs a token unless the user says otherwise', async () => {
      const { port, route } = await open()
      expect((await ask(port, '/', preflight, 'OPTIONS')).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })

    test('passes with allowPreflight', async () => {
      const { port, route } = await open({ allowPreflight: true })
      expect((await ask(port, '/', preflight, 'OPTIONS')).status).toBe(200)
      expect(route).toHaveBeenCalledTimes(1)
    })

    test.each([
      ['OPTIONS', { origin: 'https://shop.example' }],
      ['OPTIONS', { 'access-control-request-method': 'PUT' }],
      ['OPTIONS', {}],
      ['GET', preflight],
      ['PUT', preflight],
    ])('is no other %s, also with allowPreflight', async (method, headers) => {
      const { port, route } = await open({ allowPreflight: true })
      expect((await ask(port, '/', headers, method)).status).toBe(401)
      expect(route).not.toHaveBeenCalled()
    })
  })

  describe('optional authentication', () => {
    async function greeting(headers: Record<string, string>) {
      const api = resourceServer({ issuer: issuer.url, clock: issuer.clock, optional: true })
      const app = express().get('/', api.requireAudience('order-service'), (req, res) => {
        res.send(api.token(req)?.subject ?? 'anonymous')
      })
      app.get('/own', api.requireAudience('order-service'), api.requireAuthentication(), handler())
      const port = await serve(app)
      const own = await ask(port, '/own', headers)
      const { status, body } = await ask(port, '/', headers)
      return { status, body: status === 200 ? body : '', own: own.status }
    }

    test.each([
      ['no credential', {}, { status: 200, body: 'anonymous', own: 401 }],
      ['a good token', bearer(good), { status: 200, body: 'user-42', own: 200 }],
      [
        'an expired token',
        bearer(issuer.forge.expired({ aud: 'order-service' })),
        { status: 401, body: '', own: 401 },
      ],
      [
        "another's token",
        bearer(issuer.token({ aud: 'stock' })),
        { status: 401, body: '', own: 401 },
      ],
      ['garbage', bearer('garbage'), { status: 401, body: '', own: 401 }],
      [
        'another scheme',
        { authorization: 'Basic dXNlcjpwYXNz' },
        { status: 401, body: '', own: 401 },
      ],
      ['an empty header', { authorization: '' }, { status: 400, body: '', own: 400 }],
    ])('with %s', async (_what, headers, answer) => {
      expect(await greeting({ ...headers })).toEqual(answer)
    })
  })
})
