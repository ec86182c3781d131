import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express5, { type Application, type Request, type Response } from 'express'
import express4 from 'express-4'
import {
  type AccessToken,
  createVerifier,
  resourceServer,
  VerificationError,
} from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'

// The MCP SDK on the same request: its middleware writes `req.auth`, and its transport passes `req.auth` to tools.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const resource = 'https://mcp.example.test/mcp'
const options = { issuer: issuer.url, clock: issuer.clock, audience: resource }
const tokenFor = (aud: string) => issuer.token({ aud, scope: 'tools:read', clientId: 'agent' })
const expired = issuer.forge.expired({ aud: resource, scope: 'tools:read' })

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

/** Starts the app on a free port and stops it when the test ends. Returns the URL of the MCP endpoint. */
async function serve(app: Application): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

const authInfoOf = ({ raw, clientId = '', scopes, claims }: AccessToken): AuthInfo => ({
  token: raw,
  clientId,
  scopes: [...scopes],
  expiresAt: claims.exp,
})

/** The SDK's middleware with a verifier of this project. Any error but the SDK's own becomes a 500. */
function sdkMiddleware(overrides: object = {}) {
  const { verify } = createVerifier({ ...options, ...overrides })
  const verifyAccessToken = async (jwt: string): Promise<AuthInfo> => {
    try {
      return authInfoOf(await verify(jwt))
    } catch (error) {
      const isRefused = error instanceof VerificationError && error.category === 'refused'
      throw isRefused ? new InvalidTokenError('The access token is not valid') : error
    }
  }
  return requireBearerAuth({ verifier: { verifyAccessToken } })
}

/** Answers with the SDK's transport. Its tool `who` returns what the SDK tells it about the caller. */
async function handleMcp(req: Request, res: Response): Promise<void> {
  const server = new McpServer({ name: 'test', version: '1.0.0' })
  server.registerTool('who', {}, ({ authInfo }) => ({
    content: [{ type: 'text', text: JSON.stringify(authInfo ?? null) }],
  }))
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  await transport.handleRequest(req, res, req.body)
}

const toolCall = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'who', arguments: {} },
}

/** Calls the tool `who`. */
function callTool(url: string, token: string): Promise<globalThis.Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(toolCall),
  })
}

/** What the tool `who` returned. */
async function authInfoIn(response: globalThis.Response): Promise<unknown> {
  const { result } = (await response.json()) as {
    readonly result: { readonly content: readonly [{ readonly text: string }] }
  }
  return JSON.parse(result.content[0].text)
}

describe.each([
  ['Express 5', express5],
  ['Express 4', express4],
])('on %s', (_host, express) => {
  /** The guard, then the SDK's middleware, then the SDK's transport. */
  async function serveMcp(overrides: object = {}) {
    const api = resourceServer({ ...options, resource, ...overrides })
    const app = express().set('env', 'test')
    const seen: unknown[] = []
    const guards = [express.json(), api.requireScope('tools:read'), sdkMiddleware(overrides)]
    app.post('/mcp', ...guards, (req, res) => {
      const token = api.token(req)
      seen.push({ subject: token.subject, isAttached: (req.auth as unknown) === token })
      // As the README says: the SDK gets a `req.auth` of its own.
      const auth = { value: authInfoOf(token) }
      void handleMcp(Object.create(req, { auth }) as Request, res)
    })
    return { url: await serve(app), seen }
  }

  test("the SDK's middleware after a guard neither fails nor replaces the token, and is named in one warning", async () => {
    const warnings = captureWarnings()
    const { url, seen } = await serveMcp()
    const token = tokenFor(resource)
    for (const _ of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await callTool(url, token)
      expect(response.status).toBe(200)
    }
    const kept = { subject: 'user-42', isAttached: true }
    expect(seen).toEqual([kept, kept])
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(warnings[0]).toContain("A write to 'auth' of a request was ignored")
    expect(warnings[0]).toMatch(/at .*sdk.*bearerAuth\.js:\d+/)
    expect(warnings[0]).not.toContain(token.split('.')[2])
  })

  test("a tool gets the token, the client, the scopes, and the expiry in seconds from the SDK's transport", async () => {
    const { url } = await serveMcp()
    const token = tokenFor(resource)
    const { exp } = JSON.parse(atob(token.split('.')[1]!)) as { readonly exp: number }
    expect(await authInfoIn(await callTool(url, token))).toEqual({
      token,
      clientId: 'agent',
      scopes: ['tools:read'],
      expiresAt: exp,
    })
  })

  test("the SDK's transport works on the guarded request itself", async () => {
    const api = resourceServer({ ...options, resource })
    const app = express().post('/mcp', express.json(), api.requireScope('tools:read'))
    app.post('/mcp', (req, res) => void handleMcp(req, res))
    const response = await callTool(await serve(app), tokenFor(resource))
    expect(await authInfoIn(response)).toMatchObject({ clientId: 'agent', scopes: ['tools:read'] })
  })

  test.each([
    ['an expired token', expired, 401, 'The access token expired'],
    ['a token for another service', tokenFor('https://other.example.test'), 401, 'audience'],
    ['an audience that differs by a slash', tokenFor(`${resource}/`), 401, 'audience'],
    ['a token without the scope', issuer.token({ aud: resource }), 403, 'insufficient_scope'],
  ])('the guard challenges %s before the SDK sees it', async (_what, token, status, text) => {
    const { url, seen } = await serveMcp()
    const response = await callTool(url, token)
    expect(response.status).toBe(status)
    expect(response.headers.get('www-authenticate')).toContain(text)
    expect(response.headers.get('www-authenticate')).toContain('resource_metadata=')
    expect(seen).toEqual([])
  })

  test('an outage of the issuer is 503 before the SDK sees the token', async () => {
    await using stopped = await createTestIssuer({ algorithm: 'ES256' })
    const token = stopped.token({ aud: resource, scope: 'tools:read' })
    stopped.stop()
    const { url } = await serveMcp({ issuer: stopped.url, clock: stopped.clock })
    const response = await callTool(url, token)
    expect(response.status).toBe(503)
    expect(response.headers.get('www-authenticate')).toBeNull()
  })

  test("the SDK's middleware without a guard challenges refused tokens, and writes `req.auth`", async () => {
    const app = express().post('/mcp', express.json(), sdkMiddleware())
    app.post('/mcp', (req, res) => void handleMcp(req, res))
    const url = await serve(app)
    expect(await authInfoIn(await callTool(url, tokenFor(resource)))).toMatchObject({
      clientId: 'agent',
      scopes: ['tools:read'],
    })
    for (const token of [expired, tokenFor('https://other.example.test')]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, headers } = await callTool(url, token)
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toContain('Bearer error="invalid_token"')
    }
  })
})
