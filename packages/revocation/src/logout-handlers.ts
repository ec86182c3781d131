import type { LogoutEvent } from './logout.ts'

/** The part of a `node:http` request that is used here. */
export interface NodeLogoutRequest extends AsyncIterable<Uint8Array | string> {
  readonly method?: string | undefined
  readonly headers: { readonly 'content-type'?: string | undefined }
}

/** The part of a `node:http` response that is used here. */
export interface NodeLogoutResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body?: string): unknown
}

/** The part of a Koa context that is used here. */
export interface KoaLogoutContext {
  readonly req: NodeLogoutRequest
  status: number
  body: unknown
  set(name: string, value: string): void
}

/** The part of a Fastify request that is used here. */
export interface FastifyLogoutRequest {
  readonly raw: NodeLogoutRequest
}

/** The part of a Fastify reply that is used here. */
export interface FastifyLogoutReply {
  code(status: number): unknown
  header(name: string, value: string): unknown
  send(body?: unknown): unknown
}

/**
 * Handlers for a client's `backchannel_logout_uri`. They read the body of the request themselves, unless a body parser
 * has put it into `body`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createRevocationList } from '@resource-server/revocation'
 *
 * const revocation = createRevocationList()
 * const logout = revocation.backchannelLogout({ clients: ['web'] })
 *
 * // Express: app.post('/backchannel-logout', logout.node)
 * // Koa: router.post('/backchannel-logout', logout.koa)
 * // Fastify: app.post('/backchannel-logout', { onRequest: logout.fastify }, () => {})
 * // Hono: app.post('/backchannel-logout', (context) => logout.fetch(context.req.raw))
 * export const server = createServer((request, response) => void logout.node(request, response))
 * ```
 */
export interface LogoutHandlers {
  /** For Express and `node:http`. */
  readonly node: (request: NodeLogoutRequest, response: NodeLogoutResponse) => Promise<void>
  /** For Koa. */
  readonly koa: (context: KoaLogoutContext) => Promise<void>
  /** For Fastify, as an `onRequest` hook of the route, because Fastify does not parse forms. */
  readonly fastify: (request: FastifyLogoutRequest, reply: FastifyLogoutReply) => Promise<unknown>
  /** For hosts that use `Request` and `Response`. */
  readonly fetch: (request: Request) => Promise<Response>
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** More than a form with the largest logout token that is accepted. */
const maxBytes = 32_768

const noStore = { 'Cache-Control': 'no-store' }
const json = { ...noStore, 'Content-Type': 'application/json' }
/** The same for every logout token, so that the response does not tell whether a session exists. */
const replies: Readonly<Record<LogoutEvent['outcome'], Reply>> = {
  accepted: { status: 200, headers: noStore, body: '' },
  refused: { status: 400, headers: json, body: '{"error":"invalid_request"}' },
  unavailable: {
    status: 503,
    headers: { ...json, 'Retry-After': '1' },
    body: '{"error":"temporarily_unavailable"}',
  },
}

type Receive = (token: unknown) => Promise<LogoutEvent>

export function logoutHandlers(receive: Receive): LogoutHandlers {
  const replyTo = async (form: URLSearchParams | undefined): Promise<Reply> => {
    const [token, ...more] = form?.getAll('logout_token') ?? []
    const { outcome } = await receive(more.length === 0 ? token : undefined)
    return replies[outcome]
  }
  return Object.freeze({
    node: async (request: NodeLogoutRequest, response: NodeLogoutResponse) => {
      const { status, headers, body } = await replyTo(await formOf(request))
      response.statusCode = status
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.end(body)
    },
    koa: async (context: KoaLogoutContext) => {
      const { req } = context
      const parsed = (context as { readonly request?: { readonly body?: unknown } }).request?.body
      const { status, headers, body } = await replyTo(await formOf(req, parsed))
      context.status = status
      for (const [name, value] of Object.entries(headers)) context.set(name, value)
      context.body = body
    },
    fastify: async ({ raw }: FastifyLogoutRequest, reply: FastifyLogoutReply) => {
      const { status, headers, body } = await replyTo(await formOf(raw))
      reply.code(status)
      for (const [name, value] of Object.entries(headers)) reply.header(name, value)
      reply.send(body)
      return reply
    },
    fetch: async (request: Request) => {
      const type = request.headers.get('content-type')
      const form = isPost(request) && isForm(type) ? await readForm(request.body ?? []) : undefined
      const { status, headers, body } = await replyTo(form)
      return new Response(body === '' ? null : body, { status, headers: { ...headers } })
    },
  })
}

/** Returns `undefined` if the request does not contain a form. */
async function formOf(
  request: NodeLogoutRequest & { readonly body?: unknown },
  parsed: unknown = request.body,
): Promise<URLSearchParams | undefined> {
  if (!isPost(request) || !isForm(request.headers['content-type'])) return undefined
  if (parsed === undefined) return readForm(request)
  const { logout_token: token } = Object(parsed) as { readonly logout_token?: unknown }
  return typeof token === 'string' ? new URLSearchParams({ logout_token: token }) : undefined
}

function isPost({ method }: { readonly method?: string | undefined }): boolean {
  return method === 'POST'
}

function isForm(contentType: string | null | undefined): boolean {
  const [type = ''] = contentType?.split(';', 1) ?? []
  return type.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}

/** Returns `undefined` if the body is too large or cannot be read. */
async function readForm(
  body: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>,
): Promise<URLSearchParams | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of body) {
      text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
      if (text.length > maxBytes) return undefined
    }
  } catch {
    return undefined
  }
  return new URLSearchParams(text)
}
