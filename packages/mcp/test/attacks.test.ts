import { ConfigError } from '@resource-server/core'
import { createRevocationList } from '@resource-server/revocation'
import { createTestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { resourceServer } from '../src/index.ts'
import { corpus } from './corpus.ts'
import {
  callTool,
  createMcp,
  initialize,
  legacy,
  metadataUrl,
  modern,
  open,
  openSession,
  resource,
  send,
  startIssuer,
  starts,
  startWithSessions,
  type TestRequest,
  type TestResponse,
} from './support.ts'

const issuer = await startIssuer()
const user = { aud: resource, sub: 'user-1', clientId: 'client-1' }
const T = issuer.token({ ...user, scope: 'mcp:basic files:read' })
const everyServer = [...starts[2025], ...starts[2026]]
const metadataPath = '/.well-known/oauth-protected-resource/mcp'

const challengeOf = ({ headers }: TestResponse): string => headers['www-authenticate'] ?? ''
/** The scopes in the challenge. */
const scopesIn = (response: TestResponse): string | undefined =>
  /scope="([^"]*)"/.exec(challengeOf(response))?.[1]
const codeIn = ({ body }: TestResponse): unknown =>
  (JSON.parse(body) as { error?: { code?: unknown } }).error?.code

/** The expectation of the corpus, compared with each response. */
function expectCase(id: string, ...responses: readonly TestResponse[]): void {
  const { status, error } = corpus.find((entry) => entry.id === id)!.expect
  expect(responses.map((response) => response.status)).toEqual(responses.map(() => status))
  const errors = responses.map((response) => /\berror="(\w+)"/.exec(challengeOf(response))?.[1])
  expect(errors).toEqual(responses.map(() => error ?? undefined))
}

/** One test for each case of the corpus, on the servers that it concerns. */
const cases: Readonly<Record<string, () => void>> = {
  'MCP-401-bare': () =>
    test.each(everyServer)('%s', async (_name, start) => {
      const { port } = await start(createMcp(issuer))
      const responses = [
        await send(port, modern('tools/list')),
        await send(port, legacy('tools/list')),
        await send(port, initialize()),
        await send(port, { method: 'GET' }),
      ]
      expectCase('MCP-401-bare', ...responses)
      for (const response of responses) {
        expect(challengeOf(response)).toContain(`resource_metadata="${metadataUrl}"`)
        expect(scopesIn(response)).toBe('mcp:basic')
      }
    }),

  'MCP-401-scope-tool': () =>
    test.each(everyServer)('%s', async (_name, start) => {
      const { port } = await start(createMcp(issuer))
      const response = await send(port, callTool('write_file'))
      expectCase('MCP-401-scope-tool', response)
      expect(scopesIn(response)).toBe('mcp:basic files:read files:write')
      const unknown = await send(port, callTool('constructor'))
      expect(scopesIn(unknown)).toBe('mcp:basic')
    }),

  'MCP-prm-urls': () => {
    test.each([
      ['https://mcp.example.com/mcp', metadataPath],
      ['https://mcp.example.com', '/.well-known/oauth-protected-resource'],
      [
        'https://mcp.example.com/tenant/a/mcp',
        '/.well-known/oauth-protected-resource/tenant/a/mcp',
      ],
    ])('%s', async (uri, path) => {
      for (const [, start] of everyServer) {
        // oxlint-disable-next-line no-await-in-loop -- one server at a time
        const { port } = await start(createMcp(issuer, { resource: uri, dpop: 'off' }))
        // oxlint-disable-next-line no-await-in-loop
        const response = await send(port, {
          method: 'GET',
          path,
          headers: { Origin: 'https://a.example' },
        })
        expectCase('MCP-prm-urls', response)
        expect(JSON.parse(response.body)).toEqual({
          resource: uri,
          authorization_servers: [issuer.url],
          scopes_supported: ['mcp:basic'],
          bearer_methods_supported: ['header'],
        })
        expect(response.headers).toMatchObject({
          'content-type': 'application/json',
          'access-control-allow-origin': '*',
        })
      }
    })

    // The corpus allows a query. A resource with one is refused at startup, because RFC 8707 section 2 advises
    // against it, and a path identifies a server as well.
    test('a resource with a query is a ConfigError', () => {
      expect(() => createMcp(issuer, { resource: `${resource}?x=1` })).toThrow(ConfigError)
    })
  },

  'MCP-prm-append': () =>
    test.each(everyServer)('%s', async (_name, start) => {
      const { port } = await start(createMcp(issuer))
      const path = '/mcp/.well-known/oauth-protected-resource'
      const { status, body } = await send(port, { method: 'GET', path })
      // "401 by the route's guard is allowed too."
      expect([404, 401]).toContain(status)
      expect(body).not.toContain('authorization_servers')
    }),

  'MCP-prm-scopes-minimal': () => {
    const tools = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e'].map((name) => [name, [`${name}:use`]]),
    )
    const supported = async (options: object): Promise<unknown> => {
      const { port } = await startWithSessions(createMcp(issuer, { tools, ...options }))
      const response = await send(port, { method: 'GET', path: metadataPath })
      expectCase('MCP-prm-scopes-minimal', response)
      return (JSON.parse(response.body) as Record<string, unknown>)['scopes_supported']
    }

    test('only baseScopes, or the scopes of an option', async () => {
      expect(await supported({})).toEqual(['mcp:basic'])
      expect(await supported({ scopesSupported: ['a:use', 'mcp:basic'] })).toEqual([
        'a:use',
        'mcp:basic',
      ])
      expect(await supported({ baseScopes: [] })).toBeUndefined()
    })

    test.each(['baseScopes', 'scopesSupported'])(
      'offline_access in %s is a ConfigError',
      (option) => {
        expect(() => createMcp(issuer, { [option]: ['offline_access'] })).toThrow(/offline_access/)
      },
    )

    test('offline_access of a tool is a ConfigError', () => {
      expect(() => createMcp(issuer, { tools: { a: ['offline_access'] } })).toThrow(
        /offline_access/,
      )
    })
  },

  'MCP-aud-exact': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const { port } = await start(createMcp(issuer))
      const call = (aud: string | readonly string[]): Promise<TestResponse> =>
        send(port, {
          token: issuer.token({ ...user, aud, scope: 'mcp:basic' }),
          ...callTool('ping'),
        })
      expectCase('MCP-aud-exact', await call(resource), await call(['x', resource]))
    }),

  'MCP-aud-case': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const { port, ran } = await start(createMcp(issuer))
      const token = issuer.token({
        ...user,
        aud: 'HTTPS://MCP.EXAMPLE.COM/mcp',
        scope: 'mcp:basic',
      })
      expectCase('MCP-aud-case', await send(port, { token, ...callTool('ping') }))
      expect(ran).toEqual([])
    }),

  'MCP-aud-root-slash': () => {
    const root = 'https://mcp.example.com'
    const token = issuer.token({ ...user, aud: `${root}/`, scope: 'mcp:basic' })

    test('is refused, and the reason says why', async () => {
      const reasons: unknown[] = []
      const onDecision = ({ reason }: { readonly reason?: string }) => reasons.push(reason)
      const { port } = await starts[2026][0][1](createMcp(issuer, { resource: root, onDecision }))
      expectCase('MCP-aud-root-slash', await send(port, { token, ...callTool('ping') }))
      await expect.poll(() => reasons).toEqual([expect.stringContaining('trailing slash')])
    })

    test('is accepted if the option audience lists it', async () => {
      const audience = [root, `${root}/`]
      const { port } = await starts[2026][0][1](createMcp(issuer, { resource: root, audience }))
      expect(await send(port, { token, ...callTool('ping') })).toMatchObject({ status: 200 })
    })
  },

  'MCP-query': () => {
    const path = `/mcp?access_token=${T}`

    test.each(everyServer)('%s', async (_name, start) => {
      const { port, ran } = await start(createMcp(issuer))
      expectCase('MCP-query', await send(port, { path, ...callTool('read_file') }))
      expect(ran).toEqual([])
    })

    // With the header too, the corpus expects 400. As on every other host, the header decides instead.
    test('with the header too, the query is ignored and not recorded', async () => {
      const records: unknown[] = []
      const mcp = createMcp(issuer, { onDecision: (record) => records.push(record) })
      const { port } = await starts[2026][0][1](mcp)
      expect(await send(port, { path, token: T, ...callTool('ping') })).toMatchObject({
        status: 200,
      })
      await expect.poll(() => records).toHaveLength(1)
      expect(JSON.stringify(records)).not.toContain('access_token')
    })
  },

  'MCP-tool-ok': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const { port, ran } = await start(createMcp(issuer))
      expectCase('MCP-tool-ok', await send(port, { token: T, ...callTool('read_file') }))
      expect(ran).toEqual(['read_file'])
    }),

  'MCP-tool-hierarchy': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const impliedScopes = { 'files:admin': ['files:read', 'files:write'] }
      const { port, ran } = await start(
        createMcp(issuer, { issuer: { issuer: issuer.url, impliedScopes } }),
      )
      const token = issuer.token({ ...user, scope: 'mcp:basic files:admin' })
      expectCase('MCP-tool-hierarchy', await send(port, { token, ...callTool('write_file') }))
      expect(ran).toEqual(['write_file'])
    }),

  'MCP-tool-dynamic': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const needs = ({ path }: { readonly [name: string]: unknown }): readonly string[] =>
        String(path).startsWith('/etc') ? ['files:write', 'admin'] : ['files:write']
      const { port, ran } = await start(createMcp(issuer, { tools: { write_file: needs } }))
      const token = issuer.token({ ...user, scope: 'mcp:basic files:write' })
      const refused = await send(port, {
        token,
        ...callTool('write_file', { path: '/etc/passwd' }),
      })
      expectCase('MCP-tool-dynamic', refused)
      expect(scopesIn(refused)).toBe('mcp:basic files:write admin')
      expect(
        await send(port, { token, ...callTool('write_file', { path: '/tmp/a' }) }),
      ).toMatchObject({ status: 200 })
      expect(ran).toEqual(['write_file'])
    }),

  'MCP-name-missing': () => {
    const without = (name: string): TestRequest => {
      const { headers, body } = callTool('ping')
      return { headers: { ...headers, [name]: undefined }, body }
    }
    const variants: readonly (readonly [string, TestRequest])[] = [
      ['without Mcp-Name', without('Mcp-Name')],
      ['without Mcp-Method', without('Mcp-Method')],
      ['without MCP-Protocol-Version', without('MCP-Protocol-Version')],
      [
        'with two Mcp-Name',
        {
          ...callTool('ping'),
          headers: { ...callTool('ping').headers, 'Mcp-Name': ['ping', 'ping'] },
        },
      ],
    ]

    test.each(
      everyServer.flatMap(([name, start]) =>
        variants.map(([what, request]) => [what, name, request, start] as const),
      ),
    )('%s, on %s', async (_what, _name, request, start) => {
      const { port, ran } = await start(createMcp(issuer))
      const response = await send(port, { token: T, ...request })
      expectCase('MCP-name-missing', response)
      expect(codeIn(response)).toBe(-32_020)
      expect(await send(port, request)).toMatchObject({ status: 401 })
      expect(ran).toEqual([])
    })
  },

  'MCP-name-base64': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const { port, ran } = await start(createMcp(issuer))
      const named = (value: string, token: string): Promise<TestResponse> => {
        const { headers, body } = callTool('write_file')
        return send(port, { token, headers: { ...headers, 'Mcp-Name': value }, body })
      }
      expectCase('MCP-name-base64', await named('=?base64?d3JpdGVfZmlsZQ==?=', T))
      const all = issuer.token({ ...user, scope: 'mcp:basic files:read files:write' })
      expect(await named('=?base64?d3JpdGVfZmlsZQ==?=', all)).toMatchObject({ status: 200 })
      for (const value of [
        '=?BASE64?d3JpdGVfZmlsZQ==?=',
        '=?base64?d3JpdGVfZmlsZQ?=',
        '=?base64?/w==?=',
      ]) {
        // oxlint-disable-next-line no-await-in-loop
        const response = await named(value, all)
        expect([value, response.status, codeIn(response)]).toEqual([value, 400, -32_020])
      }
      expect(ran).toEqual(['write_file'])
    }),

  'MCP-batch': () => {
    const message = (name: string, id: number): object => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: {} },
    })
    const body = [message('ping', 1), message('write_file', 2)]

    test.each(everyServer)('%s', async (_name, start) => {
      const { port, ran } = await start(createMcp(issuer))
      for (const version of ['2025-06-18', '2025-11-25', '2026-07-28']) {
        const headers = { 'MCP-Protocol-Version': version }
        // oxlint-disable-next-line no-await-in-loop
        expectCase('MCP-batch', await send(port, { token: T, headers, body }))
      }
      expect(ran).toEqual([])
    })

    test.each([undefined, '2025-03-26'])(
      'in version %s it requires all scopes',
      async (version) => {
        const { port, ran } = await starts[2025][1][1](createMcp(issuer))
        const headers = { 'MCP-Protocol-Version': version }
        const refused = await send(port, { token: T, headers, body })
        expect(refused).toMatchObject({ status: 403 })
        expect(scopesIn(refused)).toBe('mcp:basic files:read files:write')
        expect(ran).toEqual([])
        const token = issuer.token({ ...user, scope: 'mcp:basic files:read files:write' })
        expect(await send(port, { token, headers, body })).toMatchObject({ status: 200 })
        expect(ran).toEqual(['ping', 'write_file'])
      },
    )
  },

  'MCP-resources-read': () =>
    test.each(everyServer)('%s', async (_name, start) => {
      const resources = (uri: string): readonly string[] =>
        uri.startsWith('file:///etc/') ? ['admin'] : []
      const prompts = { secret: ['admin'] }
      const { port } = await start(createMcp(issuer, { resources, prompts }))
      const disguised = ({ headers, body }: TestRequest, as: string): Promise<TestResponse> =>
        send(port, { token: T, headers: { ...headers, 'Mcp-Name': as }, body })
      const read = modern('resources/read', { uri: 'file:///etc/passwd' })
      const prompt = modern('prompts/get', { name: 'secret' })
      expectCase(
        'MCP-resources-read',
        await disguised(read, 'file:///public/x'),
        await disguised(prompt, 'public'),
      )
      for (const request of [read, prompt]) {
        // oxlint-disable-next-line no-await-in-loop
        const refused = await send(port, { token: T, ...request })
        expect([refused.status, scopesIn(refused)]).toEqual([403, 'mcp:basic admin'])
      }
    }),

  'MCP-get-2025': () =>
    test('SDK 1 with sessions on Express', async () => {
      const { port } = await startWithSessions(createMcp(issuer))
      const session = await openSession(port, T)
      const headers = { 'Mcp-Session-Id': session, Accept: 'text/event-stream' }
      expectCase('MCP-get-2025', await send(port, { method: 'GET', headers }))
      const stream = await open(port, { method: 'GET', headers, token: T })
      expect(stream.statusCode).toBe(200)
      stream.destroy()
    }),

  'MCP-get-2026': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const { port } = await start(createMcp(issuer))
      expectCase(
        'MCP-get-2026',
        await send(port, { method: 'GET', token: T }),
        await send(port, { method: 'DELETE', token: T }),
      )
      expect(await send(port, { method: 'DELETE' })).toMatchObject({ status: 401 })
    }),

  'MCP-session-refresh': () =>
    test('SDK 1 with sessions on Express', async () => {
      const { port } = await startWithSessions(createMcp(issuer))
      const session = await openSession(port, T)
      const token = issuer.token({ ...user, scope: 'mcp:basic' })
      expect(token).not.toBe(T)
      expectCase(
        'MCP-session-refresh',
        await send(port, { token, ...legacy('tools/list', {}, session) }),
      )
    }),

  'MCP-session-same-sub-other-issuer': () =>
    test('SDK 1 with sessions on Express', async () => {
      const other = await createTestIssuer({ clock: issuer.clock })
      onTestFinished(() => other.close())
      const mcp = resourceServer({
        issuers: [issuer.url, other.url],
        clock: issuer.clock,
        resource,
        log: 'off',
      })
      const { port } = await startWithSessions(mcp)
      const session = await openSession(port, T)
      const stranger = (token: string): Promise<TestResponse> =>
        send(port, { token, ...legacy('tools/list', {}, session) })
      const responses = [
        await stranger(other.token(user)),
        await stranger(issuer.token({ ...user, sub: 'user-2' })),
        await stranger(issuer.token({ ...user, clientId: 'client-2' })),
      ]
      expectCase('MCP-session-same-sub-other-issuer', ...responses)
      for (const response of responses) expect(codeIn(response)).toBe(-32_001)
      // Like a session that does not exist.
      const unknown = await send(port, { token: T, ...legacy('tools/list', {}, 'unknown') })
      expect(unknown).toMatchObject({ status: 404, body: responses.at(0)!.body })
      expect(await stranger(T)).toMatchObject({ status: 200 })
    }),

  'MCP-session-anonymous': () =>
    test('SDK 1 with sessions on Express', async () => {
      const mcp = resourceServer({
        issuer: issuer.url,
        clock: issuer.clock,
        resource,
        optional: true,
        log: 'off',
      })
      const { port } = await startWithSessions(mcp as ReturnType<typeof createMcp>)
      const anonymous = await openSession(port)
      const owned = await openSession(port, T)
      const list = (session: string, token?: string): Promise<TestResponse> =>
        send(port, { token, ...legacy('tools/list', {}, session) })
      expectCase('MCP-session-anonymous', await list(anonymous, T), await list(owned))
      expect(await list(anonymous)).toMatchObject({ status: 200 })
      expect(await list(owned, T)).toMatchObject({ status: 200 })
    }),

  'MCP-stream-expiry': () => {
    /** A stream that is open, and a promise for its end. */
    const openStream = async (port: number, request: Parameters<typeof open>[1]) => {
      const stream = await open(port, request)
      expect(stream.statusCode).toBe(200)
      const ended = new Promise((resolve) => void stream.once('close', resolve))
      stream.on('error', () => undefined).resume()
      return { stream, ended }
    }
    const subscription = modern('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    })
    const tokenWith = (options: object): string =>
      issuer.token({ ...user, scope: 'mcp:basic', ...options })

    test('SDK 1: the stream of GET ends with the token', async () => {
      const { port } = await startWithSessions(createMcp(issuer, { clockTolerance: 5 }))
      const token = tokenWith({ expiresIn: 10 })
      const session = await openSession(port, token)
      const headers = { 'Mcp-Session-Id': session, Accept: 'text/event-stream' }
      const { stream, ended } = await openStream(port, { method: 'GET', headers, token })
      issuer.clock.advance(14)
      expect(stream.destroyed).toBe(false)
      issuer.clock.advance(1)
      await ended
    })

    test.each(starts[2026])(
      '%s: subscriptions/listen ends with the token',
      async (_name, start) => {
        const { port } = await start(createMcp(issuer, { clockTolerance: 5 }))
        const token = tokenWith({ expiresIn: 10 })
        const { stream, ended } = await openStream(port, { token, ...subscription })
        issuer.clock.advance(14)
        expect(stream.destroyed).toBe(false)
        issuer.clock.advance(1)
        await ended
      },
    )

    test.each(starts[2026])(
      '%s: subscriptions/listen ends when the token is revoked',
      async (_name, start) => {
        const revocation = createRevocationList()
        const { port } = await start(createMcp(issuer, { revocation, maxLifetime: 3600 }))
        const token = tokenWith({ claims: { sid: 'session-1' } })
        const { stream, ended } = await openStream(port, { token, ...subscription })
        await revocation.revoke({ issuer: issuer.url, sid: 'session-2' })
        issuer.clock.advance(1)
        expect(stream.destroyed).toBe(false)
        await revocation.revoke({ issuer: issuer.url, sid: 'session-1' })
        issuer.clock.advance(1)
        await ended
      },
    )
  },

  'MCP-dpop': () =>
    test.each(starts[2026])('%s', async (_name, start) => {
      const { port, ran } = await start(createMcp(issuer))
      const client = issuer.dpopClient()
      const token = client.token({ ...user, scope: 'mcp:basic' })
      const proof = () => client.headers({ token, url: resource, method: 'POST' })
      const call = (headers: object): Promise<TestResponse> => {
        const request = callTool('ping')
        return send(port, { headers: { ...request.headers, ...headers }, body: request.body })
      }
      const first = proof()
      expect(await call(first)).toMatchObject({ status: 200 })
      expect(await call(proof())).toMatchObject({ status: 200 })
      const replayed = await call(first)
      expectCase('MCP-dpop', replayed)
      expect(challengeOf(replayed)).toMatch(/DPoP .*algs=".*resource_metadata="/)
      expect(ran).toEqual(['ping', 'ping'])
    }),

  'MCP-outage': () =>
    test.each(everyServer)('%s', async (_name, start) => {
      const down = await createTestIssuer({ clock: issuer.clock })
      onTestFinished(() => down.close())
      down.stop('disconnect')
      const { port, ran } = await start(createMcp(down))
      const token = down.token({ ...user, scope: 'mcp:basic' })
      const response = await send(port, { token, ...callTool('ping') })
      expectCase('MCP-outage', response)
      expect(response.headers).not.toHaveProperty('www-authenticate')
      expect(ran).toEqual([])
    }),
}

for (const { id, construction } of corpus) {
  describe(`${id}: ${construction}`, () => cases[id]?.())
}

test('every case of the corpus has a test', () => {
  expect(Object.keys(cases).toSorted()).toEqual(corpus.map(({ id }) => id).toSorted())
})
