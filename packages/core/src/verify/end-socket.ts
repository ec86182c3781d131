import { schedule } from '../lib/clock.ts'
import type { TokenEnd } from './token-watcher.ts'

/**
 * The close code of a WebSocket whose token has ended: 4000 to 4999 are for applications (RFC 6455 section 7.4.2).
 *
 * @example
 * ```ts
 * import { tokenEndedCode } from '@resource-server/revocation'
 *
 * export const shouldSignIn = (closeCode: number): boolean => closeCode === tokenEndedCode
 * ```
 */
export const tokenEndedCode = 4401

/** The part of a WebSocket from the `ws` package that is used here. */
export interface EndableSocket {
  close(code: number, reason: string): void
  terminate(): void
  emit(event: string, ...values: readonly unknown[]): boolean
  once(event: 'close', listener: () => void): unknown
}

/** How long the client may take to answer the close frame, in milliseconds. */
const closeDeadline = 1000

/**
 * Ends a WebSocket whose token has ended. Messages that arrive afterwards are dropped, and the connection is cut off if
 * the client does not answer within a second.
 *
 * @example
 * ```ts
 * import type { AccessToken, Operations } from '@resource-server/core'
 * import { type EndableSocket, endSocket } from '@resource-server/core/adapter'
 *
 * export const endWithToken = (api: Operations, socket: EndableSocket, token: AccessToken) =>
 *   api.watch(token, (reason) => endSocket(socket, reason))
 * ```
 */
export function endSocket(socket: EndableSocket, reason: TokenEnd): void {
  dropMessages(socket)
  socket.close(tokenEndedCode, `token ${reason}`)
  const cancel = schedule(closeDeadline, () => socket.terminate())
  socket.once('close', cancel)
}

/**
 * `ws` still delivers messages until the client has answered, or for 30 seconds. Removing the listeners is not
 * enough: the application may add one later, for example after it has read from a database.
 */
function dropMessages(socket: EndableSocket): void {
  const emit = socket.emit.bind(socket)
  Object.assign(socket, {
    emit: (event: string, ...values: readonly unknown[]) =>
      event !== 'message' && emit(event, ...values),
  })
}
