import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AccessToken, ConfigError, type ResourceServerOptions } from '@resource-server/core'
import {
  createGate,
  fromNode,
  fromSubprotocol,
  isNodeRequest,
  type ResourceServerBase,
  sendNode,
  wrongHost,
} from '@resource-server/core/adapter'
import { connections, type OpenSocket } from './connections.ts'
import { privateGuards, type WebSocketGuard } from './guards.ts'
import { type UpgradeListener, type UpgradeServer, upgrades } from './upgrade.ts'

// Everything that users need from core, so that they only install one package.
export {
  codes,
  ConfigError,
  createVerifier,
  defaultProfile,
  deny,
  extend,
  formatActorChain,
  fromCookie,
  fromHeader,
  pseudonymize,
  VerificationError,
} from '@resource-server/core'
export type {
  AccessToken,
  Actor,
  ActorIdentity,
  ActorName,
  ActorRule,
  Algorithm,
  Anomaly,
  Audience,
  CacheOptions,
  CacheStatistics,
  Category,
  ChallengeError,
  ClaimPath,
  ClaimRule,
  Claims,
  ClientIdentity,
  ClientRule,
  Clock,
  Code,
  CodeEntry,
  CookieSource,
  CredentialSource,
  DecisionRecord,
  DelegationMode,
  Denial,
  DpopOptions,
  ExpiringStore,
  Fetch,
  FetchResponse,
  Guards,
  HeaderSource,
  Health,
  Hint,
  HintedToken,
  Introspection,
  IntrospectionAnswer,
  IntrospectionContext,
  IntrospectionHealth,
  Introspector,
  IssuerOptions,
  JwtKind,
  JwtRequirements,
  JwtResult,
  JwtVerifier,
  KeyEvent,
  KeyHealth,
  PolicyResult,
  RevocableToken,
  Revocation,
  RevocationChecker,
  RevocationContext,
  RevocationFeed,
  RevocationFeedPart,
  RevocationFinding,
  RevocationHealth,
  SkippedKey,
  KeyStore,
  KeyStoreOptions,
  MtlsOptions,
  OpenApi,
  Operations,
  PriorActor,
  Profile,
  ProviderIssuer,
  ProxyPrefix,
  RecordedActor,
  RecordedBinding,
  RecordedChain,
  RecordOptions,
  RefusalBodyWriter,
  RefusalInfo,
  ReplayStore,
  ResourceMetadata,
  ResourceServerOptions,
  ResponseBody,
  SecurityRequirement,
  SecurityScheme,
  StandardClaims,
  StepUp,
  SubprotocolSource,
  TokenConfirmation,
  TokenEnd,
  TokenPresentation,
  TokenView,
  TokenWatch,
  UnverifiedNames,
  UsedProof,
  VerificationResult,
  Verifier,
  VerifierOptions,
} from '@resource-server/core'
export { RequestRefusedError } from '@resource-server/core/adapter'
export { fromSubprotocol }
export type { OpenSocket } from './connections.ts'
export type { WebSocketGuard } from './guards.ts'
export type { UpgradeListener, UpgradeServer } from './upgrade.ts'

/** The options of every resource server, except those that do not apply to a handshake. */
export interface WebSocketOptions extends Omit<
  ResourceServerOptions,
  'onRefusal' | 'allowPreflight'
> {}

/** A handler for `node:http`. It calls `next` for all requests except those for the metadata. */
export type MetadataListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void

/** The return value of `resourceServer`. */
export interface ResourceServer<
  C extends object = object,
  Token = AccessToken<C>,
> extends ResourceServerBase<
  WebSocketGuard,
  OpenSocket | IncomingMessage,
  C,
  Token,
  MetadataListener
> {
  /**
   * Returns a listener for the `upgrade` event of an HTTP server. It runs the guards in order, and sends a response
   * with a challenge if one of them refuses. Otherwise it completes the handshake, and the server of `ws` emits
   * `connection`. Without guards, it requires a token for the configured audience.
   *
   * The connection ends with its token. It is closed with code 4401 within a second after the token expires (`exp`
   * plus the clock tolerance), or after a revocation reaches this process. Messages that arrive afterwards are dropped.
   * An error on a connection, such as a malformed frame, ends the connection, not the process: listen for `error` to log
   * it.
   *
   * @param sockets a `WebSocketServer` that was created with `noServer: true`
   * @throws ConfigError if the server accepts handshakes itself, or for a guard of another resource server
   */
  readonly protect: <Socket extends OpenSocket>(
    sockets: UpgradeServer<Socket>,
    ...guards: readonly WebSocketGuard[]
  ) => UpgradeListener
  /**
   * Renews the token of a connection with one that its client sent in a message. Verifies the token, and runs the
   * guards of the handshake again. Resolves to `true` if the connection has the new token. Resolves to `false`, and
   * changes nothing, if a guard refuses, the token could not be verified, or it is for another issuer, subject,
   * client, or actor. The decision record has the reason. A token that is bound with DPoP is refused, because a
   * message has no proof.
   *
   * @param token only the access token. A value that is not a string is refused
   * @throws ConfigError (rejects) for a socket of another server, or with `fromCookie()` or `fromHeader()`
   */
  readonly renew: (socket: OpenSocket, token: unknown) => Promise<boolean>
}

/**
 * Creates guards for WebSockets with `ws` 8. They accept only tokens issued for this service, and check them
 * before the handshake is complete. The token is available as `api.token(socket)`.
 *
 * The guards read the token from `Authorization`. Browser scripts cannot set this header: see `fromSubprotocol()` and
 * `fromCookie()`. Tokens in the query are never read.
 *
 * With `optional: true`, `api.token(socket)` is `undefined` for anonymous connections, and its type includes
 * `undefined`. This package does not end such a connection.
 *
 * @typeParam C The custom claims that the issuer adds. They are not validated: the type is only an assertion.
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { resourceServer } from '@resource-server/ws'
 * import { WebSocketServer } from 'ws'
 *
 * const api = resourceServer({ issuer: 'https://as.example.com', audience: 'order-service' })
 * const sockets = new WebSocketServer({ noServer: true })
 * const server = createServer()
 *
 * server.on('upgrade', api.protect(sockets, api.requireScope('orders:read')))
 * sockets.on('connection', (socket) => socket.send(`hello ${api.token(socket).subject}`))
 * ```
 */
export function resourceServer<C extends object = object>(
  options: WebSocketOptions & { readonly optional: false },
): ResourceServer<C>
export function resourceServer<C extends object = object>(
  options: WebSocketOptions & { readonly optional: boolean },
): ResourceServer<C, AccessToken<C> | undefined>
export function resourceServer<C extends object = object>(
  options: WebSocketOptions,
): ResourceServer<C>
export function resourceServer<C extends object>(
  options: WebSocketOptions,
): ResourceServer<C, AccessToken<C> | undefined> {
  refuseOptions(options)
  const gate = createGate<C>(options)
  const { wrap, unwrap } = privateGuards()
  const open = connections<C>(gate, options.credential)
  const upgrade = upgrades<C>(gate, options.credential, open.add)
  return {
    ...gate.guards(wrap),
    protect: (sockets, ...guards) => upgrade(sockets, unwrap(guards)),
    renew: open.renew,
    token: (source) => {
      if (open.has(source)) return open.token(source)
      if (isNodeRequest(source)) return gate.token(source)
      throw wrongHost('api.token() for ws', source, 'Pass the socket or the request of the event.')
    },
    metadata: (...given: readonly unknown[]) => {
      const { pass: serve } = gate.metadata(...given)
      return (request, response, next) => {
        const result = serve(fromNode(request))
        if (result.action === 'reply') sendNode(result.reply, response)
        else next()
      }
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
}

/** The types do not have them, but options may come from elsewhere. */
function refuseOptions(options: object): void {
  const name = ['onRefusal', 'allowPreflight'].find((each) => Object.hasOwn(options ?? {}, each))
  if (name === undefined) return
  throw new ConfigError(
    `'${name}' has no effect on a WebSocket handshake.`,
    name === 'onRefusal'
      ? 'Leave it out: the response to a refused handshake is always sent.'
      : 'Leave it out: browsers send no preflight for a WebSocket.',
  )
}
