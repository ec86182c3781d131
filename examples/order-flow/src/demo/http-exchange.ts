import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawRequest {
  readonly method: string
  readonly url: string
  /** One `Authorization` line each. More than one is what `fetch` cannot be made to send. */
  readonly authorization: readonly string[]
}

export interface RawAnswer {
  readonly status: number
  /** The `WWW-Authenticate` header as it came. */
  readonly challenge: string | undefined
  readonly body: string
}

/** Writes the request on a socket, line by line: what is shown is what was sent. */
export async function send({ method, url, authorization }: RawRequest): Promise<RawAnswer> {
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
  return readAnswer(text)
}

function readAnswer(text: string): RawAnswer {
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
