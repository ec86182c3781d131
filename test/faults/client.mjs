// Keep-alive connections that are open before anything is measured. One request at a time on each.
import { connect } from 'node:net'
import { once } from 'node:events'

/** @typedef {{ status: number, ms: number }} Answer */
/** @typedef {(token: string) => Promise<Answer>} Connection */

/** @type {(port: number, count: number) => Promise<{ connections: Connection[], close: () => void }>} */
export async function open(port, count) {
  /** @type {import('node:net').Socket[]} */
  const sockets = []
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(200, count - sockets.length) }, () =>
      connect({ port, host: '127.0.0.1', noDelay: true }),
    )
    await Promise.all(some.map((socket) => once(socket, 'connect')))
    sockets.push(...some)
  }
  const connections = sockets.map((socket) => connectionOn(socket))
  return { connections, close: () => sockets.forEach((socket) => socket.destroy()) }
}

/** @type {(socket: import('node:net').Socket) => Connection} */
function connectionOn(socket) {
  /** @type {((status: number) => void) | undefined} */
  let answered
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (text.length < end + 4 + length) return
    const status = Number(text.slice(9, 12))
    text = ''
    answered?.(status)
  })
  const lost = () => answered?.(0)
  socket.on('error', lost).on('close', lost)
  /** @type {Promise<unknown>} */
  let last = Promise.resolve()
  /** @type {(token: string, start: number) => Promise<Answer>} */
  const ask = (token, start) =>
    new Promise((resolve) => {
      answered = (status) => resolve({ status, ms: performance.now() - start })
      socket.write(
        `GET /orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      )
    })
  return (token) => {
    const start = performance.now()
    const asked = last.then(() => ask(token, start))
    last = asked
    return asked
  }
}

/** @type {(answers: readonly Answer[], part: number) => number} */
export function percentile(answers, part) {
  const sorted = answers.map(({ ms }) => ms).toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
