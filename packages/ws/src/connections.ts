import type { IncomingMessage } from 'node:http'
import {
  type AccessToken,
  ConfigError,
  type CredentialSource,
  deny,
  type TokenWatch,
} from '@resource-server/core'
import {
  type EndableSocket,
  endSocket,
  fromNode,
  type Gate,
  type Guard,
  type HttpRequest,
  isSameParty,
  withToken,
} from '@resource-server/core/adapter'

/** The part of a `WebSocket` from `ws` that is used here. */
export interface OpenSocket extends EndableSocket {
  on(event: 'error', listener: () => void): unknown
}

/** A connection whose handshake is complete. */
interface Connection<C extends object> {
  readonly request: IncomingMessage
  readonly guards: readonly Guard[]
  token: AccessToken<C> | undefined
  /** Absent if the connection is anonymous. */
  readonly watch: TokenWatch | undefined
}

/** Ends connections with their tokens, and renews those tokens. */
export function connections<C extends object>(
  gate: Gate<C>,
  credential: CredentialSource | undefined,
): {
  readonly add: (socket: OpenSocket, request: IncomingMessage, guards: readonly Guard[]) => void
  readonly has: (source: object) => boolean
  readonly token: (source: object) => AccessToken<C> | undefined
  readonly renew: (socket: OpenSocket, token: unknown) => Promise<boolean>
} {
  const open = new WeakMap<object, Connection<C>>()
  const { requirePolicy } = gate.guards((guard) => guard)
  const renewed = async (
    { request, guards, token, watch }: Connection<C>,
    jwt: unknown,
  ): Promise<AccessToken<C> | undefined> => {
    const sameParty = requirePolicy((other) => isSameParty(token!, other) || otherParty)
    const found = await verified(gate, withToken(fromNode(request), jwt), [...guards, sameParty])
    return found && watch!.renew(found) ? found : undefined
  }
  return {
    add: (socket, request, guards) => {
      // Without a listener, a malformed frame would end the process. `ws` closes the connection after it.
      socket.on('error', ignore)
      const token = gate.token(request)
      const watch = token && gate.operations.watch(token, (reason) => endSocket(socket, reason))
      if (watch) socket.once('close', watch.stop)
      open.set(socket, { request, guards, token, watch })
    },
    has: (source) => open.has(source),
    token: (source) => open.get(source)?.token,
    renew: async (socket, jwt) => {
      requireAuthorization(credential)
      const connection = open.get(socket)
      if (!connection) throw unknownSocket()
      if (!connection.watch?.isActive()) return false
      const token = await renewed(connection, jwt)
      if (token) connection.token = token
      return token !== undefined
    },
  }
}

const ignore = (): void => {}

const otherParty = deny.invalidToken(
  'its issuer, subject, client, or actor differs from that of the connection',
)

/** Runs the guards on a request of its own. Returns its token, or `undefined` if one of them refuses. */
async function verified<C extends object>(
  gate: Gate<C>,
  request: HttpRequest,
  guards: readonly Guard[],
): Promise<AccessToken<C> | undefined> {
  const key = {}
  try {
    for (const guard of guards) {
      // oxlint-disable-next-line no-await-in-loop -- in order: the first guard verifies the token
      const { action } = await gate.pass(key, request, guard)
      if (action !== 'proceed') return undefined
    }
    return gate.token(key)
  } finally {
    gate.recordDecision(key)
  }
}

function requireAuthorization(credential: CredentialSource | undefined): void {
  if (credential === undefined || credential.from === 'subprotocol') return
  throw new ConfigError(
    `renew() does not support tokens from a ${credential.from}, because a WebSocket message has none.`,
    'Have the client connect again.',
  )
}

function unknownSocket(): ConfigError {
  return new ConfigError(
    'renew() got a value that is not an open socket of this resource server.',
    "Pass the socket of the event 'connection'.",
  )
}
