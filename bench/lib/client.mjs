// A small HTTP load generator: keep-alive connections with one request at a time. It parses only the status
// and the end of a response.
import { connect } from 'node:net'

/**
 * Sends the token for each request once.
 *
 * @param {number} port
 * @param {(at: number) => string} tokenAt
 * @param {{ requests: number, connections: number, granted?: boolean }} load where `granted` is whether the responses
 *   must have a status of success or of a refusal; default true
 * @returns {Promise<number[]>} the latency of each request in microseconds
 */
export async function sendAll(port, tokenAt, { requests, connections, granted = true }) {
  /** @type {number[]} */
  const latencies = []
  let next = 0
  const work = () => (next < requests ? tokenAt(next++) : undefined)
  const lanes = Array.from({ length: connections }, () =>
    runLane(port, work, latencies, granted ? '2' : '4'),
  )
  await Promise.all(lanes)
  return latencies
}

/** @type {(port: number, work: () => string | undefined, latencies: number[], status: '2' | '4') => Promise<void>} */
function runLane(port, work, latencies, status) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let start = 0
    let text = ''
    const send = () => {
      const token = work()
      if (token === undefined) {
        socket.end()
        resolve()
        return
      }
      start = performance.now()
      socket.write(
        `GET /orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nAccept: */*\r\n\r\n`,
      )
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      text += chunk.latin1Slice()
      if (!isComplete(text)) return
      if (!text.startsWith(`HTTP/1.1 ${status}`)) {
        socket.destroy()
        reject(new Error(`expected the status ${status}xx, got ${text.split('\r\n', 1)[0]}`))
        return
      }
      latencies.push((performance.now() - start) * 1000)
      text = ''
      send()
    })
  })
}

/** @type {(text: string) => boolean} */
function isComplete(text) {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(text) ?? []
  return length === undefined ? text.endsWith('0\r\n\r\n') : text.length >= end + 4 + Number(length)
}
