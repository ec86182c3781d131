import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket as NetSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ConfigError, type CredentialSource } from '@resource-server/core'
import {
  fromNode,
  type Gate,
  type Guard,
  isNodeRequest,
  type Reply,
  sendNode,
  sendNodeError,
  wrongHost,
} from '@resource-server/core/adapter'
import type { OpenSocket } from './connections.ts'
import { hideTokens } from './subprotocol.ts'

/** The part of a `WebSocketServer` from `ws` that is used here. */
export interface UpgradeServer<Socket> {
  readonly options: { readonly noServer?: boolean | undefined }
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (socket: Socket, request: IncomingMessage) => void,
  ): void
  emit(event: 'connection', socket: Socket, request: IncomingMessage): unknown
  on(event: 'headers', listener: (lines: string[], request: IncomingMessage) => void): unknown
}

/** A listener for the `upgrade` event of an HTTP server. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** The result of the guards: a response to send, or headers for the response of `ws`. */
type Decision =
  | { readonly reply: Reply }
  | { readonly reply?: never; readonly headers: Readonly<Record<string, string>> }

/** Decides on handshakes before `ws` completes them. `onOpen` runs before the application gets the connection. */
export function upgrades<C extends object>(
  gate: Gate<C>,
  credential: CredentialSource | undefined,
  onOpen: (socket: OpenSocket, request: IncomingMessage, guards: readonly Guard[]) => void,
): <Socket extends OpenSocket>(
  sockets: UpgradeServer<Socket>,
  guards: readonly Guard[],
) => UpgradeListener {
  const headersOf = new WeakMap<IncomingMessage, Decision & { reply?: never }>()
  const prepared = new WeakSet<object>()
  const prepare = (sockets: Pick<UpgradeServer<unknown>, 'options' | 'on'>): void => {
    requireNoServer(sockets)
    if (prepared.has(sockets)) return
    prepared.add(sockets)
    sockets.on('headers', (lines, request) => {
      const { headers = {} } = headersOf.get(request) ?? {}
      lines.push(...Object.entries(headers).map((pair) => pair.join(': ')))
    })
  }
  return (sockets, guards) => {
    prepare(sockets)
    return (request, socket, head) => {
      if (!isUpgrade(request, head)) throw wrongHost('protect() for ws', request, listenerAdvice)
      const decision = decide(gate, request, guards)
      if (credential?.from === 'subprotocol') hideTokens(request.headers, credential.name)
      const accept = (): void =>
        sockets.handleUpgrade(request, socket, head, (opened) => {
          onOpen(opened, request, guards)
          sockets.emit('connection', opened, request)
        })
      // Without a listener, a client that disconnects now would crash the process.
      socket.on('error', ignore)
      void decision.then(
        (decided) => {
          socket.off('error', ignore)
          if (decided.reply) return sendNode(decided.reply, responseOn(request, socket))
          headersOf.set(request, decided)
          // Recorded when it is decided: the response is part of the handshake, and the connection stays open.
          gate.recordDecision(request)
          accept()
        },
        (error: unknown) => sendNodeError(gate, error, responseOn(request, socket)),
      )
    }
  }
}

const ignore = (): void => {}

const listenerAdvice =
  "Pass the listener to server.on('upgrade', …), or call it with the arguments of that event."

/** Whether it is the event `upgrade`. Handlers of requests have the same first argument, and no third one of this type. */
function isUpgrade(request: unknown, head: unknown): boolean {
  return isNodeRequest(request) && head instanceof Uint8Array
}

/** Runs the guards in order. Rejects with an `Error` from the setup or from a guard. */
async function decide<C extends object>(
  gate: Gate<C>,
  request: IncomingMessage,
  guards: readonly Guard[],
): Promise<Decision> {
  const translated = fromNode(request)
  const headers: Record<string, string> = {}
  for (const guard of guards) {
    // oxlint-disable-next-line no-await-in-loop -- in order: the first guard verifies the token
    const result = await gate.pass(request, translated, guard)
    if (result.action === 'reply') return { reply: result.reply }
    if (result.action === 'throw') throw result.error
    Object.assign(headers, result.headers)
  }
  return { headers }
}

/** A response on the socket of a handshake, which has none of its own. The connection is closed after it. */
function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  socket.on('error', ignore)
  response.assignSocket(socket as NetSocket)
  response.once('finish', () => {
    response.detachSocket(socket as NetSocket)
    ;(socket as NetSocket).destroySoon()
  })
  return response
}

function requireNoServer({ options }: Pick<UpgradeServer<unknown>, 'options'>): void {
  if (options?.noServer === true) return
  throw new ConfigError(
    'protect() requires a WebSocketServer that does not accept handshakes itself.',
    'Create it with new WebSocketServer({ noServer: true }).',
  )
}
