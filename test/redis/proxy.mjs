// A TCP proxy in front of Redis, for faults of the network.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * @typedef {object} Proxy
 * @property {number} port
 * @property {(milliseconds: number) => void} delay delays replies
 * @property {(isHeld: boolean) => void} hold drops what arrives, and keeps connections open
 * @property {() => void} loseReply closes the connection in place of the next reply
 * @property {() => Promise<void>} close
 */

/** @type {(target: number) => Promise<Proxy>} */
export async function startProxy(target) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set()
  const state = { delay: 0, isHeld: false, losesReply: false }
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
    client.on('data', (chunk) => {
      if (!state.isHeld) redis.write(chunk)
    })
    redis.on('data', (chunk) => {
      if (state.isHeld) return
      if (state.losesReply) {
        state.losesReply = false
        destroy()
        return
      }
      const send = () => void client.write(chunk)
      if (state.delay > 0) setTimeout(send, state.delay)
      else send()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    port,
    delay: (milliseconds) => void (state.delay = milliseconds),
    hold: (isHeld) => void (state.isHeld = isHeld),
    loseReply: () => void (state.losesReply = true),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
