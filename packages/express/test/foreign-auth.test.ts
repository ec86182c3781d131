import type express5 from 'express'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createVerifier, VerificationError } from '../src/index.ts'
import { bearer, createApi, hosts, send, serve, startIssuer } from './support.ts'

// Other code that uses `req.auth` on the same request, in particular the MCP SDK.

const issuer = await startIssuer()
const resource = 'https://mcp.example.test/mcp'
const tokenFor = (aud: string) => issuer.token({ aud, scope: 'tools:read', clientId: 'agent' })

/** Collects the warnings of this project. */
function captureWarnings() {
  const warnings: string[] = []
  const listener = ({ name, message }: Error) => {
    if (name === 'ResourceServerWarning') warnings.push(message)
  }
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  return warnings
}

/** What the MCP SDK passes to tools. */
interface AuthInfo {
  readonly token: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** In seconds. */
  readonly expiresAt: number
}

class InvalidTokenError extends Error {}

/**
 * Does what `requireBearerAuth` of the MCP SDK does: asks the verifier about the token, checks `expiresAt`, and
 * writes the result to `req.auth`. Any error but its own becomes a 500.
 */
function requireBearerAuth(verify: (token: string) => Promise<AuthInfo>): express5.RequestHandler {
  return async (req, res, next) => {
    try {
      const [, token] = req.headers.authorization?.split(' ') ?? []
      if (token === undefined) throw new InvalidTokenError('Missing Authorization header')
      const info = await verify(token)
      if (Number.isNaN(info.expiresAt)) throw new InvalidTokenError('Token has no expiration time')
      ;(req as { auth?: unknown }).auth = info
      next()
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) {
        res.status(500).end()
        return
      }
      res.set(
        'WWW-Authenticate',
        `Bearer error="invalid_token", error_description="${error.message}"`,
      )
      res.status(401).json({ error: 'invalid_token', error_description: error.message })
    }
  }
}

/** How an app connects a verifier to the SDK. */
function verifyAccessToken(options: Parameters<typeof createVerifier>[0]) {
  const { verify } = createVerifier(options)
  return async (jwt: string): Promise<AuthInfo> => {
    try {
      const { clientId = '', scopes, claims } = await verify(jwt)
      return { token: jwt, clientId, scopes, expiresAt: claims.exp }
    } catch (error) {
      const isRefused = error instanceof VerificationError && error.category === 'refused'
      throw isRefused ? new InvalidTokenError('The access token is not valid') : error
    }
  }
}

describe.each(hosts)('on %s', (_host, express) => {
  const options = { issuer: issuer.url, clock: issuer.clock, audience: resource }

  /** The guard, then the SDK's middleware, then a tool that shows its `authInfo` and the token of the guard. */
  async function serveMcp(overrides: object = {}) {
    const api = createApi(issuer, { ...options, resource, ...overrides })
    const app = express().set('env', 'test')
    const sdk = requireBearerAuth(verifyAccessToken({ ...options, ...overrides }))
    app.post('/mcp', api.requireScope('tools:read'), sdk, (req, res) => {
      const { raw, claims, clientId = '', scopes } = api.token(req)
      const authInfo = { token: raw, clientId, scopes, expiresAt: claims.exp }
      const forSdk = Object.create(req, { auth: { value: authInfo } }) as { auth: AuthInfo }
      const { expiresAt, ...seen } = forSdk.auth
      const attached = (req as { auth?: { readonly subject: string } }).auth?.subject
      res.json({ seen, inSeconds: expiresAt < 1e11, attached, token: api.token(req).subject })
    })
    return serve(app)
  }

  test('the middleware of the MCP SDK works after a guard, and cannot replace its token', async () => {
    const warnings = captureWarnings()
    const port = await serveMcp()
    const token = tokenFor(resource)
    for (const _ of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await send(port, '/mcp', bearer(token), 'POST')
      expect(response.status).toBe(200)
      expect(JSON.parse(response.body)).toEqual({
        seen: { token, clientId: 'agent', scopes: ['tools:read'] },
        inSeconds: true,
        attached: 'user-42',
        token: 'user-42',
      })
    }
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(warnings[0]).toContain('foreign-auth.test.ts')
    expect(warnings[0]).not.toContain(token.split('.')[2])
  })

  const expired = issuer.forge.expired({ aud: resource, scope: 'tools:read' })
  test.each([
    ['an expired token', expired, 401, 'The access token expired'],
    ['a token for another service', tokenFor('https://other.example.test'), 401, 'audience'],
    ['an audience that differs by a slash', tokenFor(`${resource}/`), 401, 'audience'],
    ['a token without the scope', issuer.token({ aud: resource }), 403, 'insufficient_scope'],
  ])('the guard challenges %s before the SDK sees it', async (_what, token, status, text) => {
    const { status: actual, headers } = await send(await serveMcp(), '/mcp', bearer(token), 'POST')
    expect(actual).toBe(status)
    expect(headers['www-authenticate']).toContain(text)
    expect(headers['www-authenticate']).toContain('resource_metadata=')
  })

  test('an outage of the issuer is 503 before the SDK sees the token', async () => {
    await using stopped = await startIssuer()
    const token = stopped.token({ aud: resource, scope: 'tools:read' })
    stopped.stop()
    const port = await serveMcp({ issuer: stopped.url, clock: stopped.clock })
    const { status, headers } = await send(port, '/mcp', bearer(token), 'POST')
    expect(status).toBe(503)
    expect(headers).not.toHaveProperty('www-authenticate')
  })

  test('the SDK without a guard gets 401 for refused tokens from a verifier', async () => {
    const sdk = requireBearerAuth(verifyAccessToken(options))
    const app = express().get('/', sdk, (req: { auth?: unknown }, res) => {
      res.json((req.auth as AuthInfo).clientId)
    })
    const port = await serve(app)
    expect(await send(port, '/', bearer(tokenFor(resource)))).toMatchObject({ body: '"agent"' })
    expect((await send(port, '/', bearer(expired))).status).toBe(401)
    expect((await send(port, '/', bearer(tokenFor('https://other.example.test')))).status).toBe(401)
  })

  test.each<readonly [string, (req: express5.Request) => void]>([
    ['an assignment in strict mode', (req) => void ((req as { auth?: unknown }).auth = 'foreign')],
    ['Object.assign', (req) => void Object.assign(req, { auth: { subject: 'attacker' } })],
    ['Object.assign of the body', (req) => void Object.assign(req, req.body)],
    ['Reflect.set', (req) => expect(Reflect.set(req, 'auth', 'foreign')).toBe(true)],
  ])('%s after a guard changes neither req.auth nor api.token', async (_how, write) => {
    const warnings = captureWarnings()
    const api = createApi(issuer)
    const app = express().use(express.json(), api.requireAuthentication(), (req, _res, next) => {
      req.body = { auth: { subject: 'attacker' } }
      write(req)
      next()
    })
    app.get('/', api.requireAuthentication(), (req, res) => {
      res.json([(req as { auth?: { subject?: string } }).auth?.subject, api.token(req).subject])
    })
    const { body } = await send(
      await serve(app),
      '/',
      bearer(issuer.token({ aud: 'order-service' })),
    )
    expect(JSON.parse(body)).toEqual(['user-42', 'user-42'])
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(warnings[0]).toContain("A write to 'auth' of a request was ignored")
    expect(warnings[0]).not.toContain('attacker')
  })
})
