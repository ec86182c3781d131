import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawRequest {
  readonly method: string
  readonly url: string
  /** One `Authorization` header for each value. `fetch` cannot send more than one. */
  readonly authorization: readonly string[]
}

export interface RawResponse {
  readonly status: number
  /** The `WWW-Authenticate` header, unparsed. */
  readonly challenge: string | undefined
  readonly body: string
}

/** Sends a request over a plain socket, so that the server receives exactly these headers. */
export async function send({ method, url, authorization }: RawRequest): Promise<RawResponse> {
  const { hostname, port, host, pathname } = new URL(url)
  const lines = [
    `${method} ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    ...authorization.map((value) => `Authorization: ${value}`),
    'Connection: close',
  ]
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  let text = ''
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  await once(socket, 'close')
  return parseResponse(text)
}

function parseResponse(text: string): RawResponse {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2)
  const [statusLine = '', ...headers] = head.split('\r\n')
  const name = 'www-authenticate:'
  const challenge = headers.find((line) => line.toLowerCase().startsWith(name))
  return {
    status: Number(statusLine.split(' ')[1]),
    challenge: challenge?.slice(name.length).trim(),
    body,
  }
}
