import type { AccessToken, Operations, TokenWatch } from '@resource-server/core'
import { type EndableSocket, endSocket } from '@resource-server/core/adapter'

/** A verifier or resource server that watches tokens. */
type Watcher = Pick<Operations, 'watch'>

/** The part of a WebSocket from the package `ws` that is used here. */
export interface WatchedSocket extends EndableSocket {}

/** The part of a `node:http` response that is used here. */
export interface WatchedResponse {
  end(): unknown
  destroy(): unknown
  once(event: 'close', listener: () => void): unknown
  on(event: 'error', listener: () => void): unknown
}

/** How long a response may take to be sent after its token has ended, in milliseconds. */
const endDeadline = 1000

/**
 * Closes a WebSocket with code 4401 when its token expires or is revoked. Messages that arrive afterwards are
 * dropped, and the connection is cut off if the client does not answer within a second. To renew the token in-band,
 * verify the new one and pass it to `renew`, which returns `false` if it is for another issuer, subject, client, or
 * actor.
 *
 * @throws ConfigError if the token was not verified
 *
 * @example
 * ```ts
 * import { createVerifier } from '@resource-server/core'
 * import { type WatchedSocket, watchSocket } from '@resource-server/revocation'
 *
 * interface Socket extends WatchedSocket {
 *   on(event: 'message', listener: (jwt: string) => void): unknown
 * }
 *
 * const verifier = createVerifier({ issuer: 'https://as.example.com', audience: 'order-service' })
 *
 * // A client renews its token by sending the new one.
 * export async function onConnection(socket: Socket, jwt: string): Promise<void> {
 *   const watch = watchSocket(verifier, socket, await verifier.verify(jwt))
 *   socket.on('message', async (next) => {
 *     const result = await verifier.check(next)
 *     if (!result.ok || !watch.renew(result.token)) socket.close(4401, 'token not accepted')
 *   })
 * }
 * ```
 */
export function watchSocket(
  server: Watcher,
  socket: WatchedSocket,
  token: AccessToken,
): TokenWatch {
  const watch = server.watch(token, (reason) => endSocket(socket, reason))
  socket.once('close', watch.stop)
  return watch
}

/**
 * Ends a response, such as a stream of server-sent events, when its token expires or is revoked. Anything written
 * afterwards is dropped.
 *
 * @throws ConfigError if the token was not verified
 *
 * @example
 * ```ts
 * import express from 'express'
 * import { resourceServer } from '@resource-server/express'
 * import { watchResponse } from '@resource-server/revocation'
 *
 * const api = resourceServer({ issuer: 'https://as.example.com', audience: 'order-service' })
 *
 * express().get('/events', api.requireScope('orders:read'), (req, res) => {
 *   res.writeHead(200, { 'content-type': 'text/event-stream' })
 *   watchResponse(api, res, api.token(req))
 * })
 * ```
 */
export function watchResponse(
  server: Watcher,
  response: WatchedResponse,
  token: AccessToken,
): TokenWatch {
  const watch = server.watch(token, () => {
    // The application does not know yet, and a write after the end would otherwise crash the process.
    response.on('error', () => {})
    response.end()
    setTimeout(() => response.destroy(), endDeadline).unref()
  })
  response.once('close', watch.stop)
  return watch
}

/**
 * Returns a stream that ends when its token expires or is revoked, for the body of a `Response`. Chunks that arrive
 * afterwards are dropped, and the source is canceled.
 *
 * @throws ConfigError if the token was not verified
 *
 * @example
 * ```ts
 * import { resourceServer } from '@resource-server/fetch'
 * import { watchStream } from '@resource-server/revocation'
 *
 * const api = resourceServer({ issuer: 'https://as.example.com', audience: 'order-service' })
 * declare function events(): ReadableStream<Uint8Array>
 *
 * export async function handle(request: Request): Promise<Response> {
 *   const auth = await api.authenticate(request, api.requireScope('orders:read'))
 *   if (!auth.ok) return auth.response
 *   const headers = { 'content-type': 'text/event-stream' }
 *   return new Response(watchStream(api, events(), auth.token), { headers })
 * }
 * ```
 */
export function watchStream<Chunk>(
  server: Watcher,
  source: ReadableStream<Chunk>,
  token: AccessToken,
): ReadableStream<Chunk> {
  const reader = source.getReader()
  let watch: TokenWatch | undefined
  return new ReadableStream<Chunk>({
    start: (controller) => {
      watch = server.watch(token, (reason) => {
        controller.close()
        void reader.cancel(`token ${reason}`).catch(() => {})
      })
    },
    pull: async (controller) => {
      const { done, value } = await reader.read()
      if (!watch?.isActive()) return
      if (!done) return controller.enqueue(value)
      watch.stop()
      controller.close()
    },
    cancel: (reason) => {
      watch?.stop()
      return reader.cancel(reason)
    },
  })
}
