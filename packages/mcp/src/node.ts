import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AccessToken, ConfigError } from '@resource-server/core'
import {
  fromNode,
  type Gate,
  type Guard,
  headerValues,
  nodeGuard,
  RequestRefusedError,
  sendNode,
  wrongHost,
} from '@resource-server/core/adapter'
import type { McpAuthInfo } from './auth-info.ts'
import { type Admission, type Body, check, maxBodyBytes } from './check.ts'
import { isSuccess, type Protection, sessionHeader } from './protection.ts'

/** A request to a server, which always has a method and a URL. `auth` is absent for anonymous requests. */
export interface McpNodeRequest<C extends object = object> extends IncomingMessage {
  method: string
  url: string
  auth?: McpAuthInfo<C>
}

/**
 * The MCP server on `node:http`. `body` is the parsed body of a POST: pass it on to the transport of the SDK, which
 * then does not read the request again. Do not change it.
 */
export type McpNodeHandler<C extends object = object> = (
  request: McpNodeRequest<C>,
  response: ServerResponse,
  body: unknown,
) => unknown

/** A handler for `node:http`, and for Express, where errors go to `next`. */
export type McpNodeListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

export function protectNode<C extends object>(
  protection: Protection<C>,
  handler: McpNodeHandler<C>,
): McpNodeListener {
  const serve = server(protection, handler)
  return (request, response, next) => {
    // Not in the async function, so that the error reaches whoever called it.
    if (!isNode(request, response)) throw wrongHost('An MCP server for Node', request)
    serve(request, response).catch((error: unknown) => fail(protection.gate, error, response, next))
  }
}

function isNode(
  request: Partial<IncomingMessage> | undefined,
  response: Partial<ServerResponse> | undefined,
): boolean {
  return request?.rawHeaders !== undefined && typeof response?.writeHead === 'function'
}

function server<C extends object>(
  { gate, settings, guards, authInfo, metadata, acceptParsedBody }: Protection<C>,
  handler: McpNodeHandler<C>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const pass = nodeGuard(gate)
  return async (request, response) => {
    const translated = fromNode(request)
    const document = metadata?.(translated)
    if (document?.action === 'reply') return sendNode(document.reply, response)
    const exchange = {
      method: translated.method,
      header: (name: string) => headerValues(translated, name),
      pass: (guard: Guard) => pass(guard, { request, response }),
      token: () => gate.token(request),
      readBody: () => readBody(request, acceptParsedBody),
    }
    const outcome = await check(settings, exchange, guards)
    if (outcome.action === 'disconnected') return
    if (outcome.action === 'throw') throw outcome.error
    if (outcome.action === 'reply') return sendNode(outcome.reply, response)
    const token = outcome.token as AccessToken<C> | undefined
    if (token) define(request, authInfo(token))
    if (outcome.isOpenEnded && token) endWithToken(gate, token, response)
    observe(response, outcome)
    await handler(request as McpNodeRequest<C>, response, outcome.body)
  }
}

/** The transports of the SDK read `auth` of the request. Not enumerable, because it contains the token. */
function define(request: IncomingMessage, auth: McpAuthInfo): void {
  Object.defineProperty(request, 'auth', { configurable: true, writable: true, value: auth })
}

/** Closes the connection when the token expires or is revoked. The client reconnects with a new token. */
function endWithToken<C extends object>(
  { operations }: Gate<C>,
  token: AccessToken,
  response: ServerResponse,
): void {
  const watch = operations.watch(token, () => void response.destroy())
  response.once('close', watch.stop)
}

/** Learns which session the response opens or ends. */
function observe(response: ServerResponse, { opened, ended }: Admission): void {
  if (ended) response.once('finish', () => void (isSuccess(response.statusCode) && ended()))
  if (!opened) return
  // Before the client gets the header, and therefore before it can use the session.
  const writeHead = response.writeHead.bind(response) as (...given: unknown[]) => ServerResponse
  response.writeHead = (...given: unknown[]) => {
    const id = givenHeader(given.at(-1)) ?? response.getHeader(sessionHeader)
    if (isSuccess(given[0] as number) && typeof id === 'string') opened(id)
    return writeHead(...given)
  }
}

/** `writeHead` accepts an object, or a list of names and values. */
function givenHeader(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined
  const list: readonly unknown[] = Array.isArray(headers)
    ? (headers as readonly unknown[]).flat()
    : Object.entries(headers).flat()
  const at = list.findIndex(
    (name, index) => index % 2 === 0 && String(name).toLowerCase() === sessionHeader,
  )
  return at < 0 ? undefined : list[at + 1]
}

/** Reads the body once. Other code must not have read it, because then it may have parsed something else. */
async function readBody(
  request: IncomingMessage & { readonly body?: unknown },
  acceptParsedBody: boolean,
): Promise<Body> {
  if (!request.readableDidRead) return readBytes(request)
  if (acceptParsedBody) return { parsed: request.body }
  throw new ConfigError(
    'The body of an MCP request was read before it was checked.',
    "Mount protect() before body parsers such as express.json(). With createMcpExpressApp() or a framework that parses bodies, set 'acceptParsedBody: true'.",
  )
}

function readBytes(request: IncomingMessage): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const settle = (body: Body): void => {
      request.off('data', add).off('end', end).off('close', close).off('error', close)
      resolve(body)
    }
    const add = (chunk: Uint8Array): void => {
      size += chunk.length
      if (size <= maxBodyBytes) return void chunks.push(chunk)
      // Node discards the rest once the response is sent.
      request.pause()
      settle('too large')
    }
    const end = (): void => settle({ bytes: Buffer.concat(chunks) })
    const close = (): void => settle('disconnected')
    request.on('data', add).once('end', end).once('close', close).once('error', close)
  })
}

/** Express handles errors itself. Elsewhere, the caller gets a response, and the operator a warning. */
function fail<C extends object>(
  gate: Gate<C>,
  error: unknown,
  response: ServerResponse,
  next: ((error?: unknown) => void) | undefined,
): void {
  if (typeof next === 'function') return next(error)
  if (error instanceof RequestRefusedError) return sendNode(error, response)
  gate.warnOfError(error)
  const body = { jsonrpc: '2.0', error: { code: -32_603, message: 'Internal error' }, id: null }
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  sendNode({ status: 500, headers, body: JSON.stringify(body) }, response)
}
