import type express5 from 'express'
import { describe, expect, test, vi } from 'vitest'
import {
  RequestRefusedError,
  type ResourceServerOptions,
  resourceServer,
  VerificationError,
} from '../src/index.ts'
import { ask, bearer, handler, hosts, serve, startIssuer, withResolvers } from './support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud: 'order-service' })
const expired = issuer.forge.expired({ aud: 'order-service' })

function api(options: Partial<ResourceServerOptions> = {}) {
  return resourceServer({
    ...{ issuer: issuer.url, clock: issuer.clock, audience: 'order-service' },
    ...options,
  })
}

/** What Express prints by itself, and when: after the answer. It prints nothing in tests. */
function listenToLog() {
  const { promise, resolve } = withResolvers<string>()
  const log = vi.spyOn(console, 'error').mockImplementation((...printed) => {
    resolve(printed.join('\n'))
  })
  return { log, printed: promise }
}

describe.each(hosts)('on $host', ({ express }) => {
  const production = () => express().set('env', 'production')

  describe('a refusal that is answered', () => {
    test('reaches no error handler and no log', async () => {
      const { log } = listenToLog()
      const handled = vi.fn<express5.ErrorRequestHandler>(
        (_error, _req, res, _next) => void res.end(),
      )
      const app = production().get('/', api().requireAuthentication(), handler()).use(handled)
      const port = await serve(app)
      expect((await ask(port)).status).toBe(401)
      expect((await ask(port, '/', bearer(expired))).status).toBe(401)
      expect(handled).not.toHaveBeenCalled()
      expect(log).not.toHaveBeenCalled()
    })
  })

  describe('a refusal that is thrown', () => {
    const throwing = () => api({ onRefusal: 'throw' })

    test('reaches the error handler with status, headers, code and reason', async () => {
      const errors: unknown[] = []
      const app = express().get('/', throwing().requireAuthentication(), handler())
      app.use(((error, _req, res, _next) => {
        errors.push(error)
        res.status(418).end()
      }) satisfies express5.ErrorRequestHandler)
      expect((await ask(await serve(app), '/', bearer(expired))).status).toBe(418)
      expect(errors[0]).toBeInstanceOf(RequestRefusedError)
      expect(errors[0]).toBeInstanceOf(VerificationError)
      expect(errors).toMatchObject([
        {
          ...{ status: 401, statusCode: 401, code: 'token_expired', category: 'refused' },
          ...{ message: 'The access token expired', reason: expect.stringContaining('3600 s ago') },
          headers: { 'WWW-Authenticate': expect.stringContaining('error="invalid_token"') },
        },
      ])
    })

    test('is answered by Express itself with its status and its challenge', async () => {
      const app = express()
        .set('env', 'test')
        .get('/', throwing().requireScope('a', 'b'), handler())
      const { status, headers } = await ask(await serve(app), '/', bearer(good))
      expect(status).toBe(403)
      expect(headers['www-authenticate']).toMatch(/error="insufficient_scope".*scope="a b"/)
    })

    test.each(['production', 'development'])('leaves no stack trace: %s', async (env) => {
      const { log, printed } = listenToLog()
      const app = express().set('env', env).get('/', throwing().requireAuthentication(), handler())
      const { body } = await ask(await serve(app), '/', bearer(expired))
      const shown = `${await printed}\n${body}`
      expect(log).toHaveBeenCalledTimes(1)
      expect(shown).toContain('The access token expired')
      expect(shown).not.toMatch(/\n\s+at |node_modules|\.ts:/)
      expect(shown).not.toContain(expired.split('.')[1])
    })
  })

  describe('an outage', () => {
    test('is 503 with Retry-After and without a challenge', async () => {
      await using down = await startIssuer()
      down.stop()
      const { requireAuthentication } = api({ issuer: down.url, clock: down.clock })
      const port = await serve(express().get('/', requireAuthentication(), handler()))
      const { status, headers } = await ask(port, '/', bearer(down.token({ aud: 'order-service' })))
      expect(status).toBe(503)
      expect(headers['retry-after']).toMatch(/^[1-9]\d*$/)
      expect(headers).not.toHaveProperty('www-authenticate')
    })
  })

  describe('an answer that somebody else has begun', () => {
    test('is cut off, so that nothing follows the refusal', async () => {
      const begin: express5.RequestHandler = (_req, res, next) => {
        res.write('the beginning')
        next()
      }
      const route = handler()
      const port = await serve(express().get('/', begin, api().requireAuthentication(), route))
      await expect(ask(port)).rejects.toThrow(/aborted|socket hang up/)
      expect(route).not.toHaveBeenCalled()
    })
  })
})
