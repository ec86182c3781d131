import type express5 from 'express'
import { describe, expect, test, vi } from 'vitest'
import { RequestRefusedError, type ResourceServerOptions, VerificationError } from '../src/index.ts'
import {
  bearer,
  createApi,
  handler,
  hosts,
  send,
  serve,
  startIssuer,
  withResolvers,
} from './support.ts'

const issuer = await startIssuer()
const validToken = issuer.token({ aud: 'order-service' })
const expiredToken = issuer.forge.expired({ aud: 'order-service' })

const api = (options?: Partial<ResourceServerOptions>) => createApi(issuer, options)

/** Captures what Express logs itself. It logs errors after the response, unless `env` is `test`. */
function captureLog() {
  const { promise, resolve } = withResolvers<string>()
  const log = vi.spyOn(console, 'error').mockImplementation((...printed) => {
    resolve(printed.join('\n'))
  })
  return { log, printed: promise }
}

describe.each(hosts)('on %s', (_host, express) => {
  const production = () => express().set('env', 'production')

  describe("a refusal with onRefusal: 'reply'", () => {
    test('reaches neither an error handler nor the log', async () => {
      const { log } = captureLog()
      const errorHandler = vi.fn<express5.ErrorRequestHandler>(
        (_error, _req, res, _next) => void res.end(),
      )
      const app = production().get('/', api().requireAuthentication(), handler()).use(errorHandler)
      const port = await serve(app)
      expect((await send(port)).status).toBe(401)
      expect((await send(port, '/', bearer(expiredToken))).status).toBe(401)
      expect(errorHandler).not.toHaveBeenCalled()
      expect(log).not.toHaveBeenCalled()
    })
  })

  describe("a refusal with onRefusal: 'throw'", () => {
    const throwingApi = () => api({ onRefusal: 'throw' })

    test('reaches the error handler with status, headers, code and reason', async () => {
      const errors: unknown[] = []
      const app = express().get('/', throwingApi().requireAuthentication(), handler())
      app.use(((error, _req, res, _next) => {
        errors.push(error)
        res.status(418).end()
      }) satisfies express5.ErrorRequestHandler)
      expect((await send(await serve(app), '/', bearer(expiredToken))).status).toBe(418)
      expect(errors[0]).toBeInstanceOf(RequestRefusedError)
      expect(errors[0]).toBeInstanceOf(VerificationError)
      expect(errors).toMatchObject([
        {
          status: 401,
          statusCode: 401,
          code: 'token_expired',
          category: 'refused',
          message: 'The access token expired',
          reason: expect.stringContaining('3600 s ago'),
          headers: { 'WWW-Authenticate': expect.stringContaining('error="invalid_token"') },
        },
      ])
    })

    test("gets its status and challenge from Express's default error handler", async () => {
      const app = express()
        .set('env', 'test')
        .get('/', throwingApi().requireScope('a', 'b'), handler())
      const { status, headers } = await send(await serve(app), '/', bearer(validToken))
      expect(status).toBe(403)
      expect(headers['www-authenticate']).toMatch(/error="insufficient_scope".*scope="a b"/)
    })

    test.each(['production', 'development'])('exposes no stack trace in %s', async (env) => {
      const { log, printed } = captureLog()
      const app = express()
        .set('env', env)
        .get('/', throwingApi().requireAuthentication(), handler())
      const { body } = await send(await serve(app), '/', bearer(expiredToken))
      const output = `${await printed}\n${body}`
      expect(log).toHaveBeenCalledTimes(1)
      expect(output).toContain('The access token expired')
      expect(output).not.toMatch(/\n\s+at |node_modules|\.ts:/)
      expect(output).not.toContain(expiredToken.split('.')[1])
    })
  })

  describe('an outage of the issuer', () => {
    test('results in 503 with Retry-After and without a challenge', async () => {
      await using stoppedIssuer = await startIssuer()
      stoppedIssuer.stop()
      const { requireAuthentication } = api({
        issuer: stoppedIssuer.url,
        clock: stoppedIssuer.clock,
      })
      const port = await serve(express().get('/', requireAuthentication(), handler()))
      const { status, headers } = await send(
        port,
        '/',
        bearer(stoppedIssuer.token({ aud: 'order-service' })),
      )
      expect(status).toBe(503)
      expect(headers['retry-after']).toMatch(/^[1-9]\d*$/)
      expect(headers).not.toHaveProperty('www-authenticate')
    })
  })

  describe('a response that another middleware has started', () => {
    test('is aborted when a guard refuses', async () => {
      const startResponse: express5.RequestHandler = (_req, res, next) => {
        res.write('start of the response')
        next()
      }
      const route = handler()
      const port = await serve(
        express().get('/', startResponse, api().requireAuthentication(), route),
      )
      await expect(send(port)).rejects.toThrow(/aborted|socket hang up/)
      expect(route).not.toHaveBeenCalled()
    })
  })
})
