import { createServer } from 'node:http'
import { ConfigError } from '@resource-server/core'
import { describe, expect, test, vi } from 'vitest'
import { RequestRefusedError, resourceServer } from '../src/index.ts'
import { callTool, createMcp, listen, resource, send, startIssuer, starts } from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: resource, scope: 'mcp:basic', actors: ['agent'] })

test.each<readonly [string, object, RegExp]>([
  ['no resource', { resource: undefined }, /requires the option 'resource'/],
  ['a resource that is not a URL', { resource: 'mcp' }, /'resource' must be an absolute/],
  ['scopes in one string', { baseScopes: 'mcp:basic' }, /'baseScopes' must give a list of scopes/],
  ['a scope with a space', { tools: { a: ['orders read'] } }, /'tools' must give a list of scopes/],
  ['an undefined rule', { tools: { a: undefined } }, /'tools' must give a list of scopes/],
  ['tools that are a list', { tools: ['a'] }, /'tools' must be an object/],
  ['undefined tools', { tools: undefined }, /'tools' must be an object/],
  ['a function for one resource', { resources: { a: () => [] } }, /be a function of the URI/],
  ['acceptParsedBody: 1', { acceptParsedBody: 1 }, /'acceptParsedBody' must be true or false/],
  ['an unknown option', { tool: {} }, /tool/],
])('%s is a ConfigError', (_what, options, message) => {
  const create = (): unknown => createMcp(issuer, options)
  expect(create).toThrow(ConfigError)
  expect(create).toThrow(message)
})

test('options that are missing are a ConfigError', () => {
  expect(() => resourceServer(undefined as never)).toThrow(ConfigError)
})

test.each([{ from: 'socket' }, { from: 'header', format: 'rfc9440', peers: ['unix'] }] as const)(
  'mtls with %j is a ConfigError on a fetch host, and works on node:http',
  (mtls) => {
    const mcp = createMcp(issuer, { mtls })
    const onFetch = (): unknown => mcp.protectFetch(() => new Response())
    expect(onFetch).toThrow(ConfigError)
    expect(onFetch).toThrow('do not expose their connection')
    expect(() => mcp.protect((_req, res) => res.end())).not.toThrow()
  },
)

test.each([
  ['a promise', async () => ['admin']],
  ['a string', () => 'admin'],
  ['nothing', () => undefined],
])('a rule that returns %s refuses the call with 500, and warns', async (_what, rule) => {
  const warnings: string[] = []
  const warn = vi
    .spyOn(process, 'emitWarning')
    .mockImplementation((text) => void warnings.push(String(text)))
  const { port, ran } = await starts[2026][0][1](
    createMcp(issuer, { log: 'warnings', tools: { ping: rule as never } }),
  )
  const { status, body } = await send(port, { token, ...callTool('ping') })
  expect([status, ran]).toEqual([500, []])
  expect(body).not.toContain('tools')
  expect(warnings).toEqual([expect.stringContaining("'tools' must give a list of scopes")])
  warn.mockRestore()
})

describe('guards', () => {
  test('run after the token is verified', async () => {
    const mcp = createMcp(issuer)
    const handler = (_req: unknown, res: { end(text: string): unknown }): unknown => res.end('ok')
    const statusOf = async (actor: string): Promise<number> => {
      const listener = mcp.protect(handler, mcp.requireActor(actor))
      const port = await listen(createServer(listener).listen(0, '127.0.0.1'))
      expect(await send(port, callTool('ping'))).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': expect.stringContaining('scope="mcp:basic"') as unknown },
      })
      return (await send(port, { token, ...callTool('ping') })).status
    }
    expect([await statusOf('agent'), await statusOf('other')]).toEqual([200, 403])
  })

  test('of another resource server, and other values, are a ConfigError', () => {
    const mcp = createMcp(issuer)
    const other = createMcp(issuer).requireDirect()
    for (const guard of [other, { name: 'requireDirect' }, () => undefined, undefined]) {
      expect(() => mcp.protect(() => undefined, guard as never)).toThrow(ConfigError)
      expect(() => mcp.protectFetch(() => new Response(), guard as never)).toThrow(ConfigError)
    }
  })
})

test("onRefusal: 'throw' passes the refusal on, and plain Node sends it", async () => {
  const mcp = createMcp(issuer, { onRefusal: 'throw' })
  const fetch = mcp.protectFetch(() => new Response('ok'))
  const refusal = fetch(new Request(resource, { method: 'POST' }))
  await expect(refusal).rejects.toBeInstanceOf(RequestRefusedError)
  const { port } = await starts[2026][0][1](mcp)
  expect(await send(port, callTool('ping'))).toMatchObject({ status: 401 })
})

describe('another kind of host', () => {
  test('is a ConfigError that names what it got', async () => {
    const mcp = createMcp(issuer)
    const listener = mcp.protect(() => undefined) as (...given: unknown[]) => unknown
    expect(() => listener(new Request(resource), {})).toThrow(/was called with a Fetch Request/)
    const fetch = mcp.protectFetch(() => new Response()) as (given: unknown) => Promise<unknown>
    await expect(fetch({ rawHeaders: [], headers: {} })).rejects.toThrow(/a Node request/)
  })
})

describe('token()', () => {
  test('returns the token of a request and of authInfo', async () => {
    const mcp = createMcp(issuer)
    const seen: unknown[] = []
    const listener = mcp.protect((req, res) => {
      seen.push(mcp.token(req).subject, mcp.token(req.auth) === mcp.token(req))
      seen.push(req.auth?.extra.accessToken === mcp.token(req), Object.keys(req).includes('auth'))
      res.end()
    })
    const port = await listen(createServer(listener).listen(0, '127.0.0.1'))
    await send(port, { token, ...callTool('ping') })
    expect(seen).toEqual([expect.any(String), true, true, false])
  })

  test('refuses authInfo from elsewhere', () => {
    const mcp = createMcp(issuer)
    const forged = { token, clientId: 'a', scopes: ['admin'] }
    expect(() => mcp.token(forged)).toThrow(/does not come from a request/)
    expect(() => mcp.token(undefined)).toThrow(ConfigError)
    expect(() => mcp.token(new Request(resource))).toThrow(/No guard ran/)
  })

  test('authInfo has the shape of the SDK', async () => {
    const { port, authInfos } = await starts[2026][1][1](createMcp(issuer))
    const claims = { aud: resource, scope: 'mcp:basic', sub: 'user-1', expiresIn: 60 }
    await send(port, {
      token: issuer.token({ ...claims, clientId: 'client-1' }),
      ...callTool('ping'),
    })
    const { token: raw, extra, ...others } = authInfos[0] as Record<string, unknown>
    expect(others).toEqual({
      clientId: 'client-1',
      scopes: ['mcp:basic'],
      expiresAt: issuer.clock.now() / 1000 + 60,
      resource: new URL(resource),
      resourceMetadataUrl: 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
    })
    expect(raw).toMatch(/^eyJ/)
    expect(extra).toMatchObject({ accessToken: { subject: 'user-1' } })
  })
})

test.each([
  ['warnings', ['A request failed: Error: the database is at 10.0.0.7']],
  ['off', []],
] as const)(
  "an error of the MCP server is 500 without its text, and with log: '%s' the warnings are %j",
  async (log, expected) => {
    const warnings: string[] = []
    const warn = vi
      .spyOn(process, 'emitWarning')
      .mockImplementation((text) => void warnings.push(String(text).split('\n', 1).join()))
    const listener = createMcp(issuer, { log }).protect(() =>
      Promise.reject(new Error('the database is at 10.0.0.7')),
    )
    const port = await listen(createServer(listener).listen(0, '127.0.0.1'))
    const { status, body } = await send(port, { token, ...callTool('ping') })
    expect([status, body.includes('10.0.0.7')]).toEqual([500, false])
    expect(warnings).toEqual(expected)
    warn.mockRestore()
  },
)
