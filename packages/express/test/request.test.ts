import type { IncomingMessage } from 'node:http'
import type express5 from 'express'
import { describe, expect, test } from 'vitest'
import { type ResourceServerOptions, resourceServer } from '../src/index.ts'
import { ask, bearer, handler, hosts, serve, startIssuer, through } from './support.ts'

// What is on a request: who put it there, and who believes it.

const issuer = await startIssuer()
const good = issuer.token({ aud: 'order-service', sub: 'user-42' })

function api(options: Partial<ResourceServerOptions> = {}) {
  return resourceServer({
    ...{ issuer: issuer.url, clock: issuer.clock, audience: 'order-service' },
    ...options,
  })
}

/** What JavaScript sees, whatever the types say. */
const authOf = (request: IncomingMessage): unknown => (request as { auth?: unknown }).auth

function tell(read: () => unknown): string {
  try {
    return JSON.stringify(read()) ?? 'undefined'
  } catch (error) {
    return String(error)
  }
}

describe.each(hosts)('on $host', ({ express }) => {
  describe('req.auth', () => {
    test('is the token, behind a guard', async () => {
      const app = express().get('/', api().requireAuthentication(), (req, res) => {
        res.json(authOf(req))
      })
      const { body } = await ask(await serve(app), '/', bearer(good))
      expect(JSON.parse(body)).toMatchObject({ subject: 'user-42', audience: ['order-service'] })
      expect(body).not.toContain(good.split('.')[2])
    })

    test('is there for what inherits from the request, too', async () => {
      const app = express().get('/', api().requireAuthentication(), (req, res) => {
        res.json(authOf(Object.create(req) as IncomingMessage))
      })
      const { body } = await ask(await serve(app), '/', bearer(good))
      expect(JSON.parse(body)).toMatchObject({ subject: 'user-42' })
    })

    test('throws while a guard is still judging', async () => {
      const { requireAuthentication, token } = api()
      const app = express().get('/', (req, res) => {
        requireAuthentication()(req, res, () => {})
        res.send([tell(() => authOf(req)), tell(() => token(req))].join('\n'))
      })
      const { body } = await ask(await serve(app), '/', bearer(good))
      expect(body.split('\n')).toEqual(
        Array(2).fill(expect.stringMatching(/^ConfigError: A guard is/)),
      )
    })

    test('throws in an error handler, where a guard refused', async () => {
      const app = express().get('/', api({ onRefusal: 'throw' }).requireScope('x'), handler())
      app.use(((_error, req, res, _next) => {
        res.send(tell(() => authOf(req)))
      }) satisfies express5.ErrorRequestHandler)
      const { body } = await ask(await serve(app), '/', bearer(good))
      expect(body).toMatch(/^ConfigError: This request was refused/)
    })

    test('cannot be written over by accident: what was written is not the token', async () => {
      const app = express().get('/', api().requireAuthentication(), (req, res) => {
        Object.assign(req, { user: { subject: 'admin' } })
        res.send(tell(() => Object.assign(req, { auth: { subject: 'admin' } })))
      })
      expect((await ask(await serve(app), '/', bearer(good))).body).toMatch(/^TypeError/)
    })
  })

  describe('token(req)', () => {
    test('throws where no guard ran', async () => {
      const { token } = api()
      const app = express().get('/', (req, res) => void res.send(tell(() => token(req))))
      const { body } = await ask(await serve(app), '/', bearer(good))
      expect(body).toMatch(/^ConfigError: No guard ran on this request/)
    })

    test('is not what somebody else wrote', async () => {
      const { requireAuthentication, token } = api()
      const app = express().use((req, _res, next) => {
        Object.assign(req, { auth: { subject: 'admin' }, user: { subject: 'admin' } })
        next()
      })
      app.get('/', requireAuthentication(), (req, res) => void res.json(token(req)?.subject))
      expect((await ask(await serve(app), '/', bearer(good))).body).toBe('"user-42"')
    })
  })

  test('guards believe nothing that somebody else wrote', async () => {
    const written = { subject: 'admin', scopes: ['admin'], audience: ['order-service'], claims: {} }
    const write: express5.RequestHandler = (req, _res, next) => {
      Object.assign(req, { auth: written, user: written, token: written })
      next()
    }
    const { requireAuthentication, requireScope, requirePolicy } = api()
    const outcomes = [
      requireAuthentication(),
      requireScope('admin'),
      requirePolicy(() => true),
    ].map((guard) => through(express, [write, guard]))
    for (const answer of await Promise.all(outcomes))
      expect(answer).toMatchObject({ status: 401, handled: 0 })
    const withToken = await through(express, [write, requireScope('admin')], bearer(good))
    expect(withToken).toMatchObject({ status: 403, handled: 0 })
  })

  test('a header that middleware puts in is not what the client sent', async () => {
    const forge: express5.RequestHandler = (req, _res, next) => {
      req.headers.authorization = `Bearer ${good}`
      next()
    }
    const answer = await through(express, [forge, api().requireAuthentication()])
    expect(answer).toMatchObject({ status: 401, handled: 0 })
  })

  test('a guard that nobody waits for does not let the request through another one', async () => {
    const { requireScope, requireAuthentication } = api()
    const forgetful: express5.RequestHandler = (req, res, next) => {
      requireScope('x')(req, res, () => {})
      next()
    }
    const answer = await through(express, [forgetful, requireAuthentication()], bearer(good))
    expect(answer).toMatchObject({ status: 403, handled: 0 })
  })
})
