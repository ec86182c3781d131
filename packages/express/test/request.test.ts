import type { IncomingMessage } from 'node:http'
import type express5 from 'express'
import { describe, expect, test } from 'vitest'
import type { ResourceServerOptions } from '../src/index.ts'
import {
  bearer,
  createApi,
  handler,
  hosts,
  send,
  sendThrough,
  serve,
  startIssuer,
} from './support.ts'

// Guards attach the token to the request and ignore what other code attaches to it.

const issuer = await startIssuer()
const validToken = issuer.token({ aud: 'order-service', sub: 'user-42' })

const api = (options?: Partial<ResourceServerOptions>) => createApi(issuer, options)

/** Reads `auth` as untyped JavaScript code would. */
const authOf = (request: IncomingMessage): unknown => (request as { auth?: unknown }).auth

/** The value as JSON, or the error that reading it throws. */
function resultOf(read: () => unknown): string {
  try {
    return JSON.stringify(read()) ?? 'undefined'
  } catch (error) {
    return String(error)
  }
}

describe.each(hosts)('on %s', (_host, express) => {
  describe('req.auth', () => {
    test('is the token after a guard', async () => {
      const app = express().get('/', api().requireAuthentication(), (req, res) => {
        res.json(authOf(req))
      })
      const { body } = await send(await serve(app), '/', bearer(validToken))
      expect(JSON.parse(body)).toMatchObject({ subject: 'user-42', audience: ['order-service'] })
      expect(body).not.toContain(validToken.split('.')[2])
    })

    test('is available on an object that inherits from the request', async () => {
      const app = express().get('/', api().requireAuthentication(), (req, res) => {
        res.json(authOf(Object.create(req) as IncomingMessage))
      })
      const { body } = await send(await serve(app), '/', bearer(validToken))
      expect(JSON.parse(body)).toMatchObject({ subject: 'user-42' })
    })

    test('throws while a guard is still running', async () => {
      const { requireAuthentication, token } = api()
      const app = express().get('/', (req, res) => {
        requireAuthentication()(req, res, () => {})
        res.send([resultOf(() => authOf(req)), resultOf(() => token(req))].join('\n'))
      })
      const { body } = await send(await serve(app), '/', bearer(validToken))
      expect(body.split('\n')).toEqual(
        Array(2).fill(expect.stringMatching(/^ConfigError: A guard is/)),
      )
    })

    test('throws in an error handler after a guard refused', async () => {
      const app = express().get('/', api({ onRefusal: 'throw' }).requireScope('x'), handler())
      app.use(((_error, req, res, _next) => {
        res.send(resultOf(() => authOf(req)))
      }) satisfies express5.ErrorRequestHandler)
      const { body } = await send(await serve(app), '/', bearer(validToken))
      expect(body).toMatch(/^ConfigError: This request was refused/)
    })

    test('throws a TypeError when overwritten', async () => {
      const app = express().get('/', api().requireAuthentication(), (req, res) => {
        Object.assign(req, { user: { subject: 'admin' } })
        res.send(resultOf(() => Object.assign(req, { auth: { subject: 'admin' } })))
      })
      expect((await send(await serve(app), '/', bearer(validToken))).body).toMatch(/^TypeError/)
    })
  })

  describe('token(req)', () => {
    test('throws if no guard ran', async () => {
      const { token } = api()
      const app = express().get('/', (req, res) => void res.send(resultOf(() => token(req))))
      const { body } = await send(await serve(app), '/', bearer(validToken))
      expect(body).toMatch(/^ConfigError: No guard ran on this request/)
    })

    test('ignores properties that other middleware wrote', async () => {
      const { requireAuthentication, token } = api()
      const app = express().use((req, _res, next) => {
        Object.assign(req, { auth: { subject: 'admin' }, user: { subject: 'admin' } })
        next()
      })
      app.get('/', requireAuthentication(), (req, res) => void res.json(token(req)?.subject))
      expect((await send(await serve(app), '/', bearer(validToken))).body).toBe('"user-42"')
    })
  })

  test('guards ignore properties that other middleware wrote', async () => {
    const forged = { subject: 'admin', scopes: ['admin'], audience: ['order-service'], claims: {} }
    const write: express5.RequestHandler = (req, _res, next) => {
      Object.assign(req, { auth: forged, user: forged, token: forged })
      next()
    }
    const { requireAuthentication, requireScope, requirePolicy } = api()
    const responses = [
      requireAuthentication(),
      requireScope('admin'),
      requirePolicy(() => true),
    ].map((guard) => sendThrough(express, [write, guard]))
    for (const response of await Promise.all(responses))
      expect(response).toMatchObject({ status: 401, handled: 0 })
    const withToken = await sendThrough(express, [write, requireScope('admin')], bearer(validToken))
    expect(withToken).toMatchObject({ status: 403, handled: 0 })
  })

  test('guards ignore an Authorization header that middleware added', async () => {
    const addHeader: express5.RequestHandler = (req, _res, next) => {
      req.headers.authorization = `Bearer ${validToken}`
      next()
    }
    const response = await sendThrough(express, [addHeader, api().requireAuthentication()])
    expect(response).toMatchObject({ status: 401, handled: 0 })
  })

  test('a guard whose callback is ignored still makes a later guard refuse', async () => {
    const { requireScope, requireAuthentication } = api()
    const ignoreResult: express5.RequestHandler = (req, res, next) => {
      requireScope('x')(req, res, () => {})
      next()
    }
    const response = await sendThrough(
      express,
      [ignoreResult, requireAuthentication()],
      bearer(validToken),
    )
    expect(response).toMatchObject({ status: 403, handled: 0 })
  })
})
