import { type AccessToken, ConfigError } from '@resource-server/core'
import {
  fromFetch,
  type Gate,
  type Guard,
  headerValues,
  isFetchRequest,
  type RequestRefusedError,
  wrongHost,
} from '@resource-server/core/adapter'
import type { McpAuthInfo } from './auth-info.ts'
import { type Body, check, maxBodyBytes } from './check.ts'
import { isSuccess, type Protection, sessionHeader } from './protection.ts'

/** What the handler gets with the request, under the same names as in the SDK's own handlers. */
export interface McpFetchOptions<C extends object = object> {
  /** Absent for anonymous requests. */
  readonly authInfo?: McpAuthInfo<C>
  /** The parsed body of a POST. Absent for other methods. Do not change it. */
  readonly parsedBody?: unknown
}

/** The MCP server on a host with `Request` and `Response`. The body of the request has been read. */
export type McpFetchHandler<C extends object = object> = (
  request: Request,
  options: McpFetchOptions<C>,
) => Response | Promise<Response>

/**
 * Returns the function that such a host calls. It rejects if the MCP server rejects.
 *
 * @throws ConfigError for options that need the connection of a request
 */
export function protectFetch<C extends object>(
  protection: Protection<C>,
  handler: McpFetchHandler<C>,
): (request: Request) => Promise<Response> {
  protection.gate.checkHost({ exposesConnection: false })
  const serve = server(protection, handler)
  return async (request) => {
    if (!isFetchRequest(request)) throw wrongHost('An MCP server for the Fetch standard', request)
    const { gate } = protection
    gate.resetRecord(request)
    try {
      return await serve(request)
    } finally {
      gate.recordDecision(request)
    }
  }
}

function server<C extends object>(
  { gate, settings, guards, authInfo, metadata }: Protection<C>,
  handler: McpFetchHandler<C>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const translated = fromFetch(request)
    const document = metadata?.(translated)
    if (document?.action === 'reply') return new Response(document.reply.body, document.reply)
    const headers = new Headers()
    const pass = async (guard: Guard) => {
      const result = await gate.pass(request, translated, guard)
      const own = result.action === 'proceed' ? Object.entries(result.headers ?? {}) : []
      for (const [name, value] of own) headers.append(name, value)
      return result
    }
    const exchange = {
      method: translated.method,
      header: (name: string) => headerValues(translated, name),
      pass,
      token: () => gate.token(request),
      readBody: () => readBody(request),
    }
    const outcome = await check(settings, exchange, guards)
    if (outcome.action === 'disconnected') return new Response(null, { status: 400 })
    if (outcome.action === 'throw') throw withResponse(outcome.error)
    if (outcome.action === 'reply') return new Response(outcome.reply.body, outcome.reply)
    const token = outcome.token as AccessToken<C> | undefined
    const response = await handler(request, {
      ...(token && { authInfo: authInfo(token) }),
      ...(outcome.body !== undefined && { parsedBody: outcome.body }),
    })
    const session = response.headers.get(sessionHeader)
    if (isSuccess(response.status) && session !== null) outcome.opened?.(session)
    if (isSuccess(response.status)) outcome.ended?.()
    const body =
      outcome.isOpenEnded && token ? untilTokenEnds(gate, token, response) : response.body
    return withHeaders(response, body, headers)
  }
}

/** Hono sends what `getResponse` returns if no error handler catches the error. */
function withResponse(error: RequestRefusedError): RequestRefusedError {
  const value = (): Response => new Response(error.body, error)
  return Object.defineProperty(error, 'getResponse', { value })
}

/** The headers of some responses cannot be changed, so this makes a new one. */
function withHeaders(response: Response, body: Response['body'], headers: Headers): Response {
  if (body === response.body && [...headers].length === 0) return response
  const changed = new Response(body, response)
  for (const [name, value] of headers) changed.headers.append(name, value)
  return changed
}

/** Ends the body when the token expires or is revoked. The client reconnects with a new token. */
function untilTokenEnds<C extends object>(
  { operations }: Gate<C>,
  token: AccessToken,
  { body }: Response,
): Response['body'] {
  if (!body) return body
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const ended = new AbortController()
  const watch = operations.watch(token, () => ended.abort())
  const copied = body.pipeTo(writable, { signal: ended.signal, preventAbort: true })
  // With the token, the stream ends without an error, as if the MCP server had ended it.
  const end = (error: unknown): Promise<void> =>
    ended.signal.aborted ? writable.close() : writable.abort(error)
  void copied
    .catch(end)
    .catch(() => undefined)
    .finally(watch.stop)
  return readable
}

async function readBody(request: Request): Promise<Body> {
  if (request.bodyUsed) {
    throw new ConfigError(
      'The body of an MCP request was read before it was checked.',
      'Pass the request to protectFetch() before other code reads its body.',
    )
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunksOf(request.body)) {
    size += chunk.length
    if (size > maxBodyBytes) return 'too large'
    chunks.push(chunk)
  }
  return { bytes: joined(chunks, size) }
}

/** Not every runtime can iterate over a stream. Leaving the loop cancels it. */
async function* chunksOf(stream: Request['body']): AsyncGenerator<Uint8Array> {
  const reader = stream?.getReader()
  if (!reader) return
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield next.value as Uint8Array
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
