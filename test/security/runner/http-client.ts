import { connect } from 'node:net'
import { sendRaw } from '@resource-server/testing/conformance'
import type { Outcome, SentRequest } from './attempt.ts'

/** Whether a header can carry the token. If not, the token says nothing about hosts. */
export function fitsInHeader(token: string): boolean {
  return token.length < 15_000 && !/[^\t\P{Cc}]/u.test(token)
}

/** RFC 9110 section 11.2. Deliberately independent of the implementation in core. */
export function isToken68(token: string): boolean {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(token)
}

/** Sends one request on a new connection, byte for byte. */
export async function sendRequest(port: number, sent: SentRequest): Promise<Outcome> {
  const bytes = Buffer.from(sent.bytes ?? formatRequest(sent))
  if (sent.hangUp) {
    await sendAndHangUp(port, bytes)
    return { status: Number.NaN, error: null, headers: {}, body: '' }
  }
  const [response] = await sendRaw(port, bytes.toString('latin1'))
  const headers: Record<string, string> = {}
  for (const [name, value] of response?.headers ?? []) {
    const key = name.toLowerCase()
    headers[key] = [headers[key], value].filter(Boolean).join(', ')
  }
  return {
    status: response?.status ?? Number.NaN,
    error: errorOf(headers['www-authenticate']),
    headers,
    body: response?.body ?? '',
  }
}

export function errorOf(challenge: string | undefined): string | null {
  return /[ ,]error="([^"]*)"/.exec(challenge ?? '')?.[1] ?? null
}

export function linesOf({ token, lines }: SentRequest): readonly string[] {
  return lines ?? (token === undefined ? [] : [`Authorization: Bearer ${token}`])
}

function formatRequest(sent: SentRequest): string {
  const { method = 'GET', path = '/', body } = sent
  const contentLength = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: api.example',
    ...linesOf(sent),
    ...contentLength,
    'Connection: close',
    '',
    body ?? '',
  ].join('\r\n')
}

function sendAndHangUp(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes, () => socket.destroy())
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })
}
