/** A header as it was sent. The value is `unknown` because shims hand over arrays and worse. */
export type HeaderPair = readonly [name: string, value: unknown]

/** The part of a request that a decision depends on, whatever the host. */
export interface HttpRequest {
  readonly method: string
  /** As the client sent it, with the query. */
  readonly url: string
  /**
   * One pair for each line, a repeated header gives several; or names and values in turns, as Node's
   * `rawHeaders`, which is taken as it is.
   */
  readonly headers: readonly HeaderPair[] | readonly string[]
  /** The pattern of the route that matched, for the record. Asked when the record is made, if one is. */
  readonly route?: (() => string | undefined) | undefined
}

/** What `node:http` gives, and what Express, Koa and Fastify give underneath. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly originalUrl?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly headers: { readonly [name: string]: unknown }
}

/** What the Fetch standard gives. */
export interface FetchRequest {
  readonly method: string
  readonly url: string
  readonly headers: Iterable<readonly [string, string]>
}

/**
 * Reads `rawHeaders`, because Node shows only the first of two Authorization headers in `headers`.
 * Serverless shims leave `rawHeaders` empty; there `headers` is taken.
 */
export function fromNode(
  request: NodeRequest,
  url: string = request.originalUrl ?? request.url ?? '',
  route?: () => string | undefined,
): HttpRequest {
  const { method = '', rawHeaders, headers } = request
  return { method, url, headers: rawHeaders?.length ? rawHeaders : Object.entries(headers), route }
}

/** The Fetch standard joins repeated headers with a comma; the credential reader refuses those. */
export function fromFetch(request: FetchRequest): HttpRequest {
  const { method, headers } = request
  // Its URLs are absolute; over HTTP/1.1 the client sent the rest.
  const url = request.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/'
  return { method, url, headers: [...headers] }
}

/** All values of a header, in order; its name in lower case. Nothing is joined and nothing dropped. */
export function headerValues({ headers }: HttpRequest, name: string): unknown[] {
  const values: unknown[] = []
  if (isFlat(headers)) {
    for (let at = 0; at + 1 < headers.length; at += 2)
      if (isNamed(headers[at]!, name)) values.push(headers[at + 1])
  } else {
    for (const [key, value] of headers)
      if (isNamed(key, name) && value !== undefined) values.push(value)
  }
  return values
}

function isFlat(headers: HttpRequest['headers']): headers is readonly string[] {
  return typeof headers[0] === 'string'
}

/** Most headers are told apart by their length alone. */
function isNamed(key: string, name: string): boolean {
  return key.length === name.length && key.toLowerCase() === name
}

/** Without the query, which may hold secrets. The Fetch standard gives absolute URLs. */
export function pathOf({ url }: HttpRequest): string {
  const relative = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  return relative.split(/[?#]/, 1)[0] || '/'
}

/** A CORS preflight as the Fetch standard defines it; every other OPTIONS is an ordinary request. */
export function isPreflight(request: HttpRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    headerValues(request, 'origin').length > 0 &&
    headerValues(request, 'access-control-request-method').length > 0
  )
}
