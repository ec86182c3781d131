import { once } from 'node:events'
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
} from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import express5, { type Application, type RequestHandler } from 'express'
import express4 from 'express-4'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { afterAll, onTestFinished, vi } from 'vitest'
import { type ResourceServerOptions, resourceServer } from '../src/index.ts'

/** The Express versions that every test of this package runs on. */
export const hosts: readonly (readonly [host: string, express: typeof express5])[] = [
  ['Express 5', express5],
  ['Express 4', express4],
]

/** Starts an issuer and stops it after the tests of the file. */
export async function startIssuer(): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  afterAll(() => issuer.close())
  return issuer
}

/** Creates a resource server for the audience order-service. */
export function createApi(issuer: TestIssuer, options: Partial<ResourceServerOptions> = {}) {
  return resourceServer({
    issuer: issuer.url,
    clock: issuer.clock,
    audience: 'order-service',
    ...options,
  })
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` }
}

/** Starts the app on a free port and stops it when the test ends. Returns the port. */
export async function serve(app: Application): Promise<number> {
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export interface TestResponse {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends one request on a new connection. */
export async function send(
  port: number,
  path = '/',
  headers: OutgoingHttpHeaders = {},
  method = 'GET',
): Promise<TestResponse> {
  const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false })
  const [response] = (await once(sent.end(), 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** Creates a handler that sends `in` and counts its calls. */
export function handler() {
  return vi.fn<RequestHandler>((_req, res) => void res.send('in'))
}

/** Sends `GET /` to a route with these guards. `handled` counts the requests that reach the handler. */
export async function sendThrough(
  express: typeof express5,
  guards: readonly RequestHandler[],
  headers: OutgoingHttpHeaders = {},
): Promise<TestResponse & { readonly handled: number }> {
  const route = handler()
  const port = await serve(express().get('/', ...guards, route))
  const response = await send(port, '/', headers)
  return { ...response, handled: route.mock.calls.length }
}

/** Opens a TCP connection that is closed when the test ends. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Sends raw lines and reads the whole response. The lines must include `Connection: close`. */
export async function sendRaw(port: number, ...lines: readonly string[]): Promise<string> {
  const socket = await openSocket(port)
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
