import { once } from 'node:events'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import express5, { type Application, type RequestHandler } from 'express'
import express4 from 'express-4'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { afterAll, onTestFinished, vi } from 'vitest'

/** Every test of this package runs against each of these. */
export const hosts: readonly { readonly host: string; readonly express: typeof express5 }[] = [
  { host: 'Express 5', express: express5 },
  { host: 'Express 4', express: express4 },
]

/** An issuer for the tests of one file. */
export async function startIssuer(): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  afterAll(() => issuer.close())
  return issuer
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` }
}

/** Listens until the test ends. */
export async function serve(app: Application): Promise<number> {
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** One request over a socket of its own. */
export async function ask(
  port: number,
  path = '/',
  headers: OutgoingHttpHeaders = {},
  method = 'GET',
): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false })
  const answered = once(sent.end(), 'response')
  const [response] = (await answered) as [import('node:http').IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** A handler that says `in` and counts who got there. */
export function handler() {
  return vi.fn<RequestHandler>((_req, res) => void res.send('in'))
}

/** What `GET /` answers behind these guards, and how many requests reached its handler. */
export async function through(
  express: typeof express5,
  guards: readonly RequestHandler[],
  headers: OutgoingHttpHeaders = {},
): Promise<Answer & { readonly handled: number }> {
  const route = handler()
  const port = await serve(express().get('/', ...guards, route))
  const answer = await ask(port, '/', headers)
  return { ...answer, handled: route.mock.calls.length }
}

/** A connection that writes what HTTP libraries would not, ended with the test. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Writes lines as they are and reads to the end. The lines must ask for `Connection: close`. */
export async function exchange(port: number, ...lines: readonly string[]): Promise<string> {
  const socket = await dial(port)
  socket.write([...lines, '', ''].join('\r\n'))
  return text(socket)
}

/** `Promise.withResolvers`, which Node 20 does not have. */
export function withResolvers<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
