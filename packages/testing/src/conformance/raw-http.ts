import { connect } from 'node:net'

/** An answer as it stood on the wire. */
export interface Answer {
  readonly status: number
  /** In order, names as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Against hanging, not against slow machines. In milliseconds. */
const deadline = 20_000

/**
 * Writes bytes to a connection of its own and reads until the server ends it. The last request must
 * ask for `Connection: close`. A string is written as latin1: one character, one byte.
 *
 * @throws Error where the server does not end the connection, or answers something that is no HTTP
 */
export async function exchange(port: number, request: string): Promise<readonly Answer[]> {
  return parseAnswers(await readAll(port, request), methodsOf(request))
}

function readAll(port: number, request: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'))
    socket.setTimeout(deadline, () => {
      socket.destroy(new Error(`the host did not end the connection within ${deadline} ms`))
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    // A server that refuses early may reset the connection; what it said before counts.
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)))
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}

/** The methods of pipelined requests: an answer to HEAD has no body, whatever its headers say. */
function methodsOf(request: string): readonly string[] {
  return [...request.matchAll(/^([A-Z]+) \S+ HTTP\/1\.1\r$/gm)].map(([, method]) => method!)
}

function parseAnswers(bytes: Buffer, methods: readonly string[]): readonly Answer[] {
  const answers: Answer[] = []
  let rest = bytes
  while (rest.length > 0) {
    const [answer, length] = parseAnswer(rest, methods[answers.length])
    answers.push(answer)
    rest = rest.subarray(length)
  }
  return answers
}

function parseAnswer(bytes: Buffer, method: string | undefined): readonly [Answer, number] {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]
  if (end < 0 || status === undefined) throw new Error(`this is no answer: ${first.slice(0, 80)}`)
  const headers = lines.map((line) => {
    const at = line.indexOf(':')
    return [line.slice(0, at), line.slice(at + 1).trim()] as const
  })
  const start = end + 4
  const [body, length] = bodyOf(bytes.subarray(start), headers, method)
  return [{ status: Number(status), headers, body }, start + length]
}

function bodyOf(
  bytes: Buffer,
  headers: Answer['headers'],
  method: string | undefined,
): readonly [string, number] {
  if (method === 'HEAD') return ['', 0]
  if (valuesOf({ headers }, 'transfer-encoding').includes('chunked')) return dechunked(bytes)
  const [length] = valuesOf({ headers }, 'content-length')
  const size = length === undefined ? bytes.length : Number(length)
  return [bytes.subarray(0, size).toString(), size]
}

/** RFC 9112 section 7.1, without trailers. */
function dechunked(bytes: Buffer): readonly [string, number] {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    if (line < 0 || Number.isNaN(size)) throw new Error('the host sent broken chunks')
    const start = line + 2
    if (size === 0) return [Buffer.concat(chunks).toString(), start + 2]
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + 2
  }
}

/** All values of a header, in order. */
export function valuesOf({ headers }: Pick<Answer, 'headers'>, name: string): readonly string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
}
