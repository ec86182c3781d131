// Requests without sockets: they reach a framework's handler as `node:http` would pass them on, and the response
// is thrown away. So the network does not hide what a guard costs.
import { IncomingMessage, ServerResponse } from 'node:http'

/** @typedef {import('node:http').Server} Server */

/**
 * @param {Server} server which does not need to listen
 * @param {string} token sent as a new string, like one from a socket
 * @param {number} [expected] the status of the response
 * @returns {Promise<void>} fulfills when the response is written
 */
export function request(server, token, expected = 200) {
  return new Promise((resolve, reject) => {
    const incoming = incomingWith(token)
    const response = new ServerResponse(incoming)
    response.end = () => {
      response.finished = true
      if (response.statusCode === expected) resolve()
      else reject(new Error(`expected the status ${expected}, got ${response.statusCode}`))
      return response
    }
    server.emit('request', incoming, response)
  })
}

/** @type {(token: string) => IncomingMessage} */
function incomingWith(token) {
  const incoming = new IncomingMessage(/** @type {any} */ (socket))
  incoming.method = 'GET'
  incoming.url = '/orders'
  incoming.httpVersionMajor = 1
  incoming.httpVersionMinor = 1
  incoming.httpVersion = '1.1'
  incoming.rawHeaders = [
    'Host',
    'localhost',
    'Authorization',
    Buffer.from(`Bearer ${token}`, 'latin1').latin1Slice(),
    'Accept',
    '*/*',
  ]
  // The parsed headers are created when a handler first reads them, as in a request from a socket.
  const parsed = /** @type {any} */ (incoming)
  // oxlint-disable-next-line no-underscore-dangle -- how the parser of node:http passes headers on
  parsed._addHeaderLines(incoming.rawHeaders, incoming.rawHeaders.length)
  return incoming
}

const ignore = () => {}
/** What the frameworks read of a socket. */
const socket = {
  encrypted: false,
  remoteAddress: '127.0.0.1',
  readable: true,
  writable: true,
  on: ignore,
  once: ignore,
  removeListener: ignore,
  destroy: ignore,
}
