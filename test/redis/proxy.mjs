// A TCP proxy in front of Redis, for faults of the network.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * @typedef {object} Proxy
 * @property {number} port
 * @property {(milliseconds: number) => void} delay delays replies
 * @property {() => void} pause holds what arrives, as a network does that loses packets for a while
 * @property {() => void} resume
 * @property {() => void} silence never forwards anything again on the connections that are open now
 * @property {() => void} loseReply closes the connection in place of the next reply
 * @property {() => void} disconnect closes all connections
 * @property {() => Promise<void>} close
 */

/** @type {(target: number) => Promise<Proxy>} */
export async function startProxy(target) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set()
  const state = { delay: 0, isPaused: false, losesReply: false }
  const server = createServer({ noDelay: true }, (client) => {
    const redis = connect({ port: target, host: '127.0.0.1', noDelay: true })
    const destroy = () => [client, redis].forEach((socket) => socket.destroy())
    for (const socket of [client, redis]) {
      sockets.add(socket)
      socket.on('error', destroy).on('close', () => {
        sockets.delete(socket)
        destroy()
      })
    }
    client.on('data', (chunk) => redis.write(chunk))
    redis.on('data', (chunk) => {
      if (state.losesReply) {
        state.losesReply = false
        destroy()
      } else if (state.delay > 0) setTimeout(() => client.write(chunk), state.delay)
      else client.write(chunk)
    })
    if (state.isPaused) [client, redis].forEach((socket) => socket.pause())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const pauseAll = () => sockets.forEach((socket) => socket.pause())
  const disconnect = () => sockets.forEach((socket) => socket.destroy())
  return {
    port,
    delay: (milliseconds) => void (state.delay = milliseconds),
    pause: () => {
      state.isPaused = true
      pauseAll()
    },
    resume: () => {
      state.isPaused = false
      sockets.forEach((socket) => socket.resume())
    },
    silence: pauseAll,
    loseReply: () => void (state.losesReply = true),
    disconnect,
    close: async () => {
      disconnect()
      server.close()
      await once(server, 'close')
    },
  }
}
