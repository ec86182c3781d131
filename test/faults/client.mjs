// Keep-alive connections that are opened before the measurement. Each sends one request at a time.
import { connect } from 'node:net'
import { once } from 'node:events'

/** @typedef {{ status: number, ms: number }} Response a failed connection has status 0 */
/** @typedef {(token: string) => Promise<Response>} Connection */

/** @type {(port: number, count: number) => Promise<{ connections: Connection[], close: () => void }>} */
export async function open(port, count) {
  /** @type {import('node:net').Socket[]} */
  const sockets = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(200, count - sockets.length) }, () =>
      connect({ port, host: '127.0.0.1', noDelay: true }),
    )
    await Promise.all(batch.map((socket) => once(socket, 'connect')))
    sockets.push(...batch)
  }
  const connections = sockets.map((socket) => connectionOn(socket))
  return { connections, close: () => sockets.forEach((socket) => socket.destroy()) }
}

/** @type {(socket: import('node:net').Socket) => Connection} */
function connectionOn(socket) {
  /** @type {((status: number) => void) | undefined} */
  let respond
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (text.length < end + 4 + length) return
    const status = Number(text.slice(9, 12))
    text = ''
    respond?.(status)
  })
  const fail = () => respond?.(0)
  socket.on('error', fail).on('close', fail)
  /** @type {Promise<unknown>} */
  let previous = Promise.resolve()
  /** @type {(token: string, start: number) => Promise<Response>} */
  const send = (token, start) =>
    new Promise((resolve) => {
      respond = (status) => resolve({ status, ms: performance.now() - start })
      socket.write(
        `GET /orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      )
    })
  return (token) => {
    const start = performance.now()
    const response = previous.then(() => send(token, start))
    previous = response
    return response
  }
}

/** @type {(responses: readonly Response[], part: number) => number} */
export function percentile(responses, part) {
  const sorted = responses.map(({ ms }) => ms).toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
