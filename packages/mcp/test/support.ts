import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { serve } from '@hono/node-server'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, McpServer as McpServer2 } from '@modelcontextprotocol/server'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import express from 'express'
import { afterAll, onTestFinished } from 'vitest'
import { z } from 'zod'
import { type McpOptions, type ResourceServer, resourceServer } from '../src/index.ts'

export const resource = 'https://mcp.example.com/mcp'
export const metadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'

/** Starts an issuer and stops it after the tests of the file. */
export async function startIssuer(): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  afterAll(() => issuer.close())
  return issuer
}

/** The resource server of the corpus: `mcp:basic` for every request, and more for two tools. */
export function createMcp(issuer: TestIssuer, options: Partial<McpOptions> = {}): ResourceServer {
  return resourceServer({
    issuer: issuer.url,
    clock: issuer.clock,
    resource,
    baseScopes: ['mcp:basic'],
    tools: { read_file: ['files:read'], write_file: ['files:read', 'files:write'] },
    log: 'off',
    ...options,
  })
}

/** An MCP server that is running, and what its tools have seen. */
export interface Running {
  readonly port: number
  /** The names of the tools that ran, in order. */
  readonly ran: string[]
  /** The `authInfo` of each of them. */
  readonly authInfos: unknown[]
}

type Start = (mcp: ResourceServer) => Promise<Running>

/** The same tools on a server of either version of the SDK. */
function tools(server: McpServer1 | McpServer2, { ran, authInfos }: Omit<Running, 'port'>): void {
  for (const name of ['read_file', 'write_file', 'ping']) {
    const run = (_args: object, context: { authInfo?: unknown; http?: { authInfo?: unknown } }) => {
      ran.push(name)
      authInfos.push(context.authInfo ?? context.http?.authInfo)
      return { content: [{ type: 'text' as const, text: `${name} ran` }] }
    }
    const config = { inputSchema: { path: z.string().optional() } }
    if (server instanceof McpServer1) server.registerTool(name, config, run)
    else server.registerTool(name, { inputSchema: z.object(config.inputSchema) }, run)
  }
}

const info = { name: 'files', version: '1.0.0' }
const observed = (): Omit<Running, 'port'> => ({ ran: [], authInfos: [] })

/** Version 1 of the SDK with sessions, on Express. */
const sdk1: Start = async (mcp) => {
  const seen = observed()
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const openTransport = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: true,
      onsessioninitialized: (id) => void transports.set(id, transport),
    })
    const server = new McpServer1(info)
    tools(server, seen)
    await server.connect(transport)
    return transport
  }
  const app = express()
  app.all(
    ['/mcp', mcp.metadataPath],
    mcp.protect(async (req, res, body) => {
      const known = transports.get(String(req.headers['mcp-session-id']))
      await (known ?? (await openTransport())).handleRequest(req, res, body)
    }),
  )
  return { port: await listen(app.listen(0, '127.0.0.1')), ...seen }
}

/** Version 1 of the SDK without sessions, on plain `node:http`. */
const sdk1Stateless: Start = async (mcp) => {
  const seen = observed()
  const listener = mcp.protect(async (req, res, body) => {
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    const server = new McpServer1(info)
    tools(server, seen)
    await server.connect(transport)
    await transport.handleRequest(req, res, body)
  })
  return { port: await listen(createServer(listener).listen(0, '127.0.0.1')), ...seen }
}

const handler2 = (seen: Omit<Running, 'port'>) =>
  createMcpHandler(
    () => {
      const server = new McpServer2(info)
      tools(server, seen)
      return server
    },
    { legacy: 'reject' },
  )

/** Version 2 of the SDK, on plain `node:http`. */
const sdk2: Start = async (mcp) => {
  const seen = observed()
  const listener = mcp.protect(toNodeHandler(handler2(seen)))
  return { port: await listen(createServer(listener).listen(0, '127.0.0.1')), ...seen }
}

/** Version 2 of the SDK on a host with `Request` and `Response`. */
const sdk2Fetch: Start = async (mcp) => {
  const seen = observed()
  const fetch = mcp.protectFetch(handler2(seen).fetch)
  const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }) as Server
  return { port: await listen(server), ...seen }
}

/** The servers that take requests of MCP 2025-11-25, and those that take 2026-07-28. */
export const starts = {
  2025: [
    ['SDK 1 with sessions on Express', sdk1],
    ['SDK 1 on node:http', sdk1Stateless],
  ],
  2026: [
    ['SDK 2 on node:http', sdk2],
    ['SDK 2 on a fetch host', sdk2Fetch],
  ],
} as const satisfies Record<number, readonly (readonly [string, Start])[]>

export const startWithSessions: Start = sdk1

/** Waits until a server listens, and stops it when the test ends. */
export async function listen(server: Server): Promise<number> {
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export interface TestResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface TestRequest {
  readonly method?: string
  readonly path?: string
  readonly token?: string | undefined
  /** A repeated header has a list of values. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Text and bytes are sent as they are; other values as JSON. */
  readonly body?: unknown
}

/** Sends a request and returns its response once it starts. */
export async function open(port: number, given: TestRequest): Promise<IncomingMessage> {
  const { method = 'POST', path = '/mcp', token, headers = {}, body } = given
  const all = {
    Accept: 'application/json, text/event-stream',
    ...(method === 'POST' && { 'Content-Type': 'application/json' }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...headers,
  }
  const present = Object.entries(all).filter(([, value]) => value !== undefined)
  const sent = request({ port, host: '127.0.0.1', method, path, agent: false })
  for (const [name, value] of present) sent.setHeader(name, value ?? [])
  const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  sent.end(raw)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return response
}

export async function send(port: number, given: TestRequest): Promise<TestResponse> {
  const response = await open(port, given)
  return { status: response.statusCode!, headers: response.headers, body: await text(response) }
}

/** A request of MCP 2026-07-28, whose headers repeat its body. */
export function modern(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Required<Pick<TestRequest, 'headers' | 'body'>> {
  const name = params['name'] ?? params['uri']
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return {
    headers: {
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(typeof name === 'string' && { 'Mcp-Name': name }),
    },
    body: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } },
  }
}

export const callTool = (name: string, args: object = {}) =>
  modern('tools/call', { name, arguments: args })

/** A request of MCP 2025-11-25. */
export function legacy(
  method: string,
  params: object = {},
  session?: string,
): Required<Pick<TestRequest, 'headers' | 'body'>> {
  return {
    headers: { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': session },
    body: { jsonrpc: '2.0', id: 1, method, params },
  }
}

export const initialize = () =>
  legacy('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1.0.0' },
  })

/** Opens a session and returns its ID. */
export async function openSession(port: number, token?: string): Promise<string> {
  const { status, headers, body } = await send(port, { token, ...initialize() })
  if (status !== 200) throw new Error(`${status} ${body}`)
  const session = headers['mcp-session-id'] as string
  await send(port, {
    token,
    ...legacy('notifications/initialized', {}, session),
    body: { jsonrpc: '2.0', method: 'notifications/initialized' },
  })
  return session
}
