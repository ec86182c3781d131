import { connect } from 'node:net'
import type { Outcome, Sent } from './attempt.ts'

/** A token that no header line can carry says nothing about hosts. */
export function travels(token: string): boolean {
  return token.length < 15_000 && !/[^\t\P{Cc}]/u.test(token)
}

/** RFC 9110 section 11.2, written down a second time on purpose. */
export function isToken68(token: string): boolean {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(token)
}

/** One request on a connection of its own: lines as they are, nothing normalized. */
export async function exchange(port: number, sent: Sent): Promise<Outcome> {
  const answer = await write(port, sent.bytes ?? requestOf(sent), sent.hangUp)
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers[name] = [headers[name], line.slice(colon + 1).trim()].filter(Boolean).join(', ')
  }
  const status = Number(statusLine.split(' ')[1])
  return {
    status,
    error: errorOf(headers['www-authenticate']),
    headers,
    body: rest.join('\r\n\r\n'),
  }
}

export function errorOf(challenge: string | undefined): string | null {
  return /[ ,]error="([^"]*)"/.exec(challenge ?? '')?.[1] ?? null
}

export function linesOf({ token, lines }: Sent): readonly string[] {
  return lines ?? (token === undefined ? [] : [`Authorization: Bearer ${token}`])
}

function requestOf(sent: Sent): string {
  const { method = 'GET', path = '/', body } = sent
  const framing = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return [
    ...[`${method} ${path} HTTP/1.1`, 'Host: api.example', ...linesOf(sent), ...framing],
    ...['Connection: close', '', body ?? ''],
  ].join('\r\n')
}

function write(port: number, bytes: string, hangUp = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes, () => hangUp && socket.destroy())
    })
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', (error) => {
      if (chunks.length === 0) reject(error)
    })
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer in 20 s')))
  })
}
