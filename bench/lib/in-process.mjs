// Requests without sockets: they reach a framework's handler as `node:http` would pass them on, and the response
// is thrown away. So the network does not hide what a guard costs.
import { IncomingMessage, ServerResponse } from 'node:http'

/** @typedef {import('node:http').Server} Server */

/**
 * @param {Server} server which does not need to listen
 * @param {string} token sent as a new string, like one from a socket
 * @param {boolean} [granted] whether the response must have a status of success or of a refusal; default true
 * @returns {Promise<void>} fulfills when the response is written
 */
export function request(server, token, granted = true) {
  return new Promise((resolve, reject) => {
    const incoming = incomingWith(token)
    server.emit('request', incoming, new DiscardedResponse(incoming, granted, resolve, reject))
  })
}

/**
 * All responses share one function. If each had its own, V8 would keep the garbage of requests until it collects the
 * old generation, and a request would take up to twice as long, or not, from one run to the next.
 */
class DiscardedResponse extends ServerResponse {
  // An own property, because Express replaces the prototype.
  /** @override */
  end = discard

  /**
   * @param {IncomingMessage} incoming
   * @param {boolean} granted see `request`
   * @param {() => void} resolve
   * @param {(error: Error) => void} reject
   */
  constructor(incoming, granted, resolve, reject) {
    super(incoming)
    this.granted = granted
    this.resolve = resolve
    this.reject = reject
  }
}

/** @this {DiscardedResponse} */
function discard() {
  this.finished = true
  const status = Math.floor(this.statusCode / 100)
  if (status === (this.granted ? 2 : 4)) this.resolve()
  else this.reject(new Error(`unexpected status: ${this.statusCode}`))
  return this
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
