import type { Connection } from '../binding/presentation.ts'

/** A header as it was sent. The value is `unknown` because serverless shims may pass arrays and other values. */
export type HeaderPair = readonly [name: string, value: unknown]

/** The part of a request that decisions depend on. It is the same for all hosts. */
export interface HttpRequest {
  readonly method: string
  /** The URL as the client sent it, with the query. */
  readonly url: string
  /**
   * One pair for each header line (a repeated header has several pairs), a flat list of names and values, as in
   * Node's `rawHeaders`, or the `Headers` of the Fetch standard.
   */
  readonly headers: readonly HeaderPair[] | readonly string[] | FetchHeaders
  /**
   * The host's own view of the headers, by name in lowercase, which other code can change. Used only in
   * reasons: decisions depend on `headers` alone.
   */
  readonly hostHeaders?: { readonly [name: string]: unknown } | undefined
  /** Returns the pattern of the matched route. Called only when a decision record is built. */
  readonly route?: (() => string | undefined) | undefined
  /** Returns the connection that the request arrived on. Absent if the host does not expose it. */
  readonly connection?: (() => Connection | undefined) | undefined
  /**
   * Returns a header of the response, as set so far, so that the application's values are kept. The name is in
   * lowercase. Absent if the host creates the response later.
   */
  readonly responseHeader?: ((name: string) => unknown) | undefined
}

/** The part of a `node:http` request that is used here. Express, Koa, and Fastify are built on it. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly originalUrl?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly headers: { readonly [name: string]: unknown }
  readonly socket?: Connection | null
}

/** The part of the Fetch standard's `Headers` that is used here. */
interface FetchHeaders {
  /** Returns the values of the header, joined with a comma, or `null` if it is absent. */
  get(name: string): string | null
}

/** The part of a Fetch `Request` that is used here. */
export interface FetchRequest {
  readonly method: string
  readonly url: string
  readonly headers: FetchHeaders
}

/**
 * Reads a Node request. It uses `rawHeaders`, because `headers` has only the first of two `Authorization`
 * headers. If `rawHeaders` is empty, as in serverless shims, it uses `headers`.
 */
export function fromNode(
  request: NodeRequest,
  url: string = request.originalUrl ?? request.url ?? '',
  route?: () => string | undefined,
  responseHeader?: (name: string) => unknown,
): HttpRequest {
  return new NodeHttpRequest(request, url, route, responseHeader)
}

/** A class, because most requests need neither the parsed headers nor the socket. */
class NodeHttpRequest implements HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly HeaderPair[] | readonly string[]
  readonly route: (() => string | undefined) | undefined
  readonly responseHeader: HttpRequest['responseHeader']
  readonly #request: NodeRequest

  constructor(
    request: NodeRequest,
    url: string,
    route: HttpRequest['route'],
    responseHeader: HttpRequest['responseHeader'],
  ) {
    const { method = '', rawHeaders } = request
    this.method = method
    this.url = url
    this.headers = rawHeaders?.length ? rawHeaders : Object.entries(request.headers)
    this.route = route
    this.responseHeader = responseHeader
    this.#request = request
  }

  /** Node parses them at the first read. */
  get hostHeaders(): HttpRequest['hostHeaders'] {
    return this.#request.headers
  }

  connection(): Connection | undefined {
    return this.#request.socket ?? undefined
  }
}

/** Reads a Fetch request. Repeated headers are already joined with a comma; `readCredential` refuses those. */
export function fromFetch(request: FetchRequest): HttpRequest {
  const { method, headers } = request
  // Fetch URLs are absolute, but over HTTP/1.1 the client sends only the path and the query.
  const url = withoutOrigin(request.url) || '/'
  // Listing all headers would take longer than everything else here.
  return { method, url, headers }
}

/**
 * Returns all values of a header, in order, without joining them.
 *
 * @param name in lowercase
 */
export function headerValues({ headers }: Pick<HttpRequest, 'headers'>, name: string): unknown[] {
  const values: unknown[] = []
  if (isFetchHeaders(headers)) {
    // Pseudo-headers of HTTP/2 are not in the headers of a Fetch request, which throw for their names.
    const value = name.startsWith(':') ? null : headers.get(name)
    if (value !== null) values.push(value)
  } else if (isFlat(headers)) {
    for (let at = 0; at + 1 < headers.length; at += 2)
      if (isNamed(headers[at]!, name)) values.push(headers[at + 1])
  } else {
    for (const [key, value] of headers)
      if (isNamed(key, name) && value !== undefined) values.push(value)
  }
  return values
}

function isFetchHeaders(headers: HttpRequest['headers']): headers is FetchHeaders {
  return !Array.isArray(headers)
}

function isFlat(headers: readonly HeaderPair[] | readonly string[]): headers is readonly string[] {
  return typeof headers[0] === 'string'
}

/** Compares the length first, because it differs for most headers. */
function isNamed(key: string, name: string): boolean {
  return key.length === name.length && key.toLowerCase() === name
}

/** Returns the path without the query, which may contain secrets. Accepts absolute URLs too. */
export function pathOf({ url }: HttpRequest): string {
  return withoutOrigin(url).split(/[?#]/, 1)[0] || '/'
}

function withoutOrigin(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
}

/** Whether the method and the headers are those of a CORS preflight, as the Fetch standard defines it. */
export function hasPreflightHeaders(request: HttpRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    headerValues(request, 'origin').length > 0 &&
    headerValues(request, 'access-control-request-method').length > 0
  )
}
