import { connect } from 'node:net'

/** An HTTP response as it was received. */
export interface RawResponse {
  readonly status: number
  /** In the order received, with names spelled as received. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Milliseconds. Long enough for a slow machine; only a hanging host reaches it. */
const deadline = 20_000

/** The bytes of a GET request without a body, on a connection of its own. */
export function formatGet(path: string, ...headers: readonly string[]): string {
  return formatRequest('GET', path, ...headers)
}

/** The bytes of a request without a body, on a connection of its own. */
export function formatRequest(method: string, path: string, ...headers: readonly string[]): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: api.test', ...headers, 'Connection: close']
  return `${lines.join('\r\n')}\r\n\r\n`
}

/**
 * Sends bytes on a new connection and reads until the server closes it. The last request must contain
 * `Connection: close`. The string is sent as latin1: one byte for each character.
 *
 * @throws Error if the server does not close the connection, or if a response is not valid HTTP
 */
export async function sendRaw(port: number, request: string): Promise<readonly RawResponse[]> {
  return parseResponses(await readAll(port, request), methodsOf(request))
}

function readAll(port: number, request: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'))
    socket.setTimeout(deadline, () => {
      socket.destroy(new Error(`the host did not close the connection within ${deadline} ms`))
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    // A server that refuses early may reset the connection after its response.
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)))
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}

/** The methods of pipelined requests. A response to HEAD has no body, whatever its headers say. */
function methodsOf(request: string): readonly string[] {
  return [...request.matchAll(/^([A-Z]+) \S+ HTTP\/1\.1\r$/gm)].map(([, method]) => method!)
}

function parseResponses(bytes: Buffer, methods: readonly string[]): readonly RawResponse[] {
  const responses: RawResponse[] = []
  let rest = bytes
  while (rest.length > 0) {
    const [response, length] = parseResponse(rest, methods[responses.length])
    responses.push(response)
    rest = rest.subarray(length)
  }
  return responses
}

function parseResponse(
  bytes: Buffer,
  method: string | undefined,
): readonly [response: RawResponse, length: number] {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]
  if (end < 0 || status === undefined) {
    throw new Error(`not an HTTP response: ${first.slice(0, 80)}`)
  }
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  const start = end + 4
  const [body, length] = parseBody(bytes.subarray(start), headers, method)
  return [{ status: Number(status), headers, body }, start + length]
}

function parseBody(
  bytes: Buffer,
  headers: RawResponse['headers'],
  method: string | undefined,
): readonly [body: string, length: number] {
  if (method === 'HEAD') return ['', 0]
  if (headerValues({ headers }, 'transfer-encoding').includes('chunked')) return parseChunks(bytes)
  const [length] = headerValues({ headers }, 'content-length')
  const size = length === undefined ? bytes.length : Number(length)
  return [bytes.subarray(0, size).toString(), size]
}

/** RFC 9112 section 7.1, without trailers. */
function parseChunks(bytes: Buffer): readonly [body: string, length: number] {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    if (line < 0 || Number.isNaN(size)) throw new Error('the host sent malformed chunks')
    const start = line + 2
    if (size === 0) return [Buffer.concat(chunks).toString(), start + 2]
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + 2
  }
}

/** All values of a header, in order. The name is in lowercase. */
export function headerValues(
  { headers }: Pick<RawResponse, 'headers'>,
  name: string,
): readonly string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
}
