import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { serve } from '@hono/node-server'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import express from 'express'
import { describe, expect, test, vi } from 'vitest'
import { createMcp, listen, resource, send, startIssuer, type TestRequest } from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: resource, scope: 'mcp:basic files:read' })
const maxBytes = 4 * 1024 * 1024

interface Recorder {
  readonly port: number
  /** The bodies that reached the MCP server. */
  readonly bodies: unknown[]
}

/** A server that only records what it gets, on both kinds of hosts. */
const recorders: readonly (readonly [string, () => Promise<Recorder>])[] = [
  [
    'node:http',
    async () => {
      const bodies: unknown[] = []
      const listener = createMcp(issuer).protect((_req, res, body) => {
        bodies.push(body)
        res.end('ok')
      })
      return { port: await listen(createServer(listener).listen(0, '127.0.0.1')), bodies }
    },
  ],
  [
    'a fetch host',
    async () => {
      const bodies: unknown[] = []
      const fetch = createMcp(issuer).protectFetch((_request, { parsedBody }) => {
        bodies.push(parsedBody)
        return new Response('ok')
      })
      const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }) as Server
      return { port: await listen(server), bodies }
    },
  ],
]

const call = (name: unknown): object => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name },
})

const refused: readonly (readonly [
  what: string,
  status: number,
  code: number,
  request: TestRequest,
])[] = [
  ['no JSON', 400, -32_700, { body: '{"jsonrpc":' }],
  ['an empty body', 400, -32_700, { body: '' }],
  ['a byte order mark', 400, -32_700, { body: `\uFEFF${JSON.stringify(call('ping'))}` }],
  ['malformed UTF-8', 400, -32_700, { body: Buffer.from([0x22, 0xff, 0x22]) }],
  [
    'a duplicate name',
    400,
    -32_700,
    {
      body: '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"ping","name":"write_file"}}',
    },
  ],
  [
    'a duplicate member with an escape',
    400,
    -32_700,
    { body: String.raw`{"jsonrpc":"2.0","method":"tools/list","id":7,"m\u0065thod":"tools/call"}` },
  ],
  ['nesting deeper than 128 levels', 400, -32_700, { body: '['.repeat(129) + ']'.repeat(129) }],
  [
    'compressed JSON',
    400,
    -32_700,
    { headers: { 'Content-Encoding': 'gzip' }, body: Buffer.from([0x1f, 0x8b]) },
  ],
  ['text', 400, -32_600, { body: '"tools/call"' }],
  ['an empty batch', 400, -32_600, { body: [] }],
  ['a batch of 101', 400, -32_600, { body: Array.from({ length: 101 }, () => call('ping')) }],
  ['a batch in a batch', 400, -32_600, { body: [[call('write_file')]] }],
  [
    'a method that is not a string',
    400,
    -32_600,
    { body: { ...call('ping'), method: ['tools/call'] } },
  ],
  ['a name that is not a string', 400, -32_602, { body: call(['write_file']) }],
  ['no name', 400, -32_602, { body: call(undefined) }],
  [
    'Mcp-Name that differs from the body',
    400,
    -32_020,
    { headers: { 'Mcp-Name': 'ping' }, body: call('write_file') },
  ],
  [
    'Mcp-Method that differs from the body',
    400,
    -32_020,
    { headers: { 'Mcp-Method': 'tools/list' }, body: call('write_file') },
  ],
  [
    'Mcp-Method of a batch',
    400,
    -32_020,
    { headers: { 'Mcp-Method': 'tools/call' }, body: [call('ping')] },
  ],
  ['two sessions', 400, -32_020, { headers: { 'Mcp-Session-Id': ['a', 'b'] }, body: call('ping') }],
  ['a body of more than 4 MiB', 413, -32_000, { body: `"${'x'.repeat(maxBytes)}"` }],
]

describe.each(recorders)('on %s', (_host, start) => {
  test.each(refused)('%s: %i with code %i', async (_what, status, code, request) => {
    const { port, bodies } = await start()
    // The fetch standard joins repeated headers, and no session is named so.
    const isJoined = _host === 'a fetch host' && Array.isArray(request.headers?.['Mcp-Session-Id'])
    const response = await send(port, { token, ...request })
    const { error, jsonrpc } = JSON.parse(response.body) as {
      error: { code: number }
      jsonrpc: string
    }
    expect([response.status, error.code, jsonrpc]).toEqual(
      isJoined ? [404, -32_001, '2.0'] : [status, code, '2.0'],
    )
    expect(bodies).toEqual([])
  })

  test('a body of exactly 4 MiB is read', async () => {
    const { port, bodies } = await start()
    const empty = JSON.stringify({ jsonrpc: '2.0', result: '' })
    const body = { jsonrpc: '2.0', result: 'x'.repeat(maxBytes - empty.length) }
    expect(await send(port, { token, body })).toMatchObject({ status: 200 })
    expect(bodies).toEqual([body])
  })

  test('text that was cut in the middle of a character is passed on', async () => {
    const { port, bodies } = await start()
    const body = { ...call('ping'), params: { name: 'ping', arguments: { text: '\ud83d' } } }
    expect(await send(port, { token, body: JSON.stringify(body) })).toMatchObject({ status: 200 })
    expect(bodies).toEqual([body])
  })

  test('a member __proto__ does not reach the MCP server', async () => {
    const { port, bodies } = await start()
    const body =
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"ping","__proto__":{"a":1}}}'
    expect(await send(port, { token, body })).toMatchObject({ status: 200 })
    expect(bodies).toEqual([call('ping')])
  })

  test.each([
    'tools/call',
    'prompts/get',
    'resources/read',
    'resources/subscribe',
    'resources/unsubscribe',
  ])('a notification of %s requires the same scopes as a request', async (method) => {
    const { port, bodies } = await start()
    const headers = {}
    const params = { name: 'write_file', uri: 'write_file' }
    const { status } = await send(port, {
      token,
      headers,
      body: { jsonrpc: '2.0', method, params },
    })
    // Only tools have rules here.
    expect(status).toBe(method === 'tools/call' ? 403 : 200)
    expect(bodies).toHaveLength(status === 200 ? 1 : 0)
  })

  test.each(['constructor', '__proto__', 'toString'])(
    'a tool named %s requires baseScopes',
    async (name) => {
      const { port } = await start()
      expect(await send(port, { token, body: call(name) })).toMatchObject({ status: 200 })
      const other = issuer.token({ aud: resource })
      expect(await send(port, { token: other, body: call(name) })).toMatchObject({ status: 403 })
    },
  )

  test('a body is not read before the token is verified', async () => {
    const { port } = await start()
    const socket = connect(port, '127.0.0.1')
    const head = 'POST /mcp HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Type: application/json\r\n'
    // The body never comes, and the response does not wait for it.
    socket.write(`${head}Content-Length: 100\r\n\r\n`)
    const [chunk] = await new Promise<[Buffer]>(
      (resolve) => void socket.once('data', (data: Buffer) => resolve([data])),
    )
    expect(chunk.toString('latin1')).toMatch(/^HTTP\/1\.1 401 /)
    socket.destroy()
  })
})

test('the SDK gets the object that was checked', async () => {
  let checked: unknown
  const listener = createMcp(issuer).protect(async (req, res, body) => {
    checked = body
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    const handle = vi.spyOn(transport, 'handleRequest')
    await new McpServer({ name: 'a', version: '1' }).connect(transport)
    await transport.handleRequest(req, res, body)
    expect(handle.mock.calls.at(0)![2]).toBe(body)
  })
  const port = await listen(createServer(listener).listen(0, '127.0.0.1'))
  const body = { jsonrpc: '2.0', id: 1, method: 'ping' }
  expect(await send(port, { token, body })).toMatchObject({ status: 200 })
  expect(checked).toEqual(body)
})

describe('with a body parser before the check', () => {
  test('a request is an error that says what to do', async () => {
    const errors: unknown[] = []
    const app = express().use(express.json())
    app.post(
      '/mcp',
      createMcp(issuer).protect((_req, res) => void res.end('ok')),
    )
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(500).end()
    }) as express.ErrorRequestHandler)
    const port = await listen(app.listen(0, '127.0.0.1'))
    expect(await send(port, { token, body: call('ping') })).toMatchObject({ status: 500 })
    expect(String(errors)).toMatch(/before body parsers such as express\.json\(\)/)
  })

  test('acceptParsedBody checks the parsed body, and passes it on', async () => {
    const bodies: unknown[] = []
    const app = createMcpExpressApp()
    const mcp = createMcp(issuer, { acceptParsedBody: true })
    app.post(
      '/mcp',
      mcp.protect((req, res, body) => {
        bodies.push(body)
        expect(body).toBe((req as object as express.Request).body)
        res.end('ok')
      }),
    )
    const port = await listen(app.listen(0, '127.0.0.1'))
    expect(await send(port, { token, body: call('read_file') })).toMatchObject({ status: 200 })
    expect(await send(port, { token, body: call('write_file') })).toMatchObject({ status: 403 })
    expect(bodies).toEqual([call('read_file')])
  })
})

test('a client that disconnects while it sends the body does not reach the MCP server', async () => {
  const handler = vi.fn<() => void>()
  const server = createServer(createMcp(issuer).protect(handler)).listen(0, '127.0.0.1')
  const port = await listen(server)
  const closed = new Promise(
    (resolve) => void server.once('connection', (socket) => void socket.once('close', resolve)),
  )
  const socket = connect(port, '127.0.0.1')
  const head = `POST /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{`
  socket.write(head, () => socket.destroy())
  await closed
  expect(
    await send(port, { token, body: call('ping'), headers: { 'Mcp-Name': 'x' } }),
  ).toMatchObject({ status: 400 })
  expect(handler).not.toHaveBeenCalled()
})
