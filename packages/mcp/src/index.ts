import type { IncomingMessage } from 'node:http'
import { type AccessToken, ConfigError, type Guards, type Operations } from '@resource-server/core'
import { createGate } from '@resource-server/core/adapter'
import { authInfoOf, type McpAuthInfo } from './auth-info.ts'
import { type McpFetchHandler, protectFetch } from './fetch.ts'
import { type McpGuard, privateGuards } from './guards.ts'
import { type McpNodeHandler, type McpNodeListener, protectNode } from './node.ts'
import { type McpOptions, readMcpOptions } from './options.ts'
import { protectionOf } from './protection.ts'

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
export type { McpAuthInfo } from './auth-info.ts'
export type { McpFetchHandler, McpFetchOptions } from './fetch.ts'
export type { McpGuard } from './guards.ts'
export type { McpNodeHandler, McpNodeListener, McpNodeRequest } from './node.ts'
export type { McpOptions } from './options.ts'
export type { ResourceRule, ScopeRule } from './scopes.ts'

/** The return value of `resourceServer`. It can be destructured, because nothing depends on `this`. */
export interface ResourceServer<C extends object = object, Token = AccessToken<C>>
  extends Omit<Guards<McpGuard, C>, 'requireScope' | 'requireAnyScope'>, Operations {
  /**
   * Wraps an MCP server on `node:http` or Express, so that it gets only requests whose token is for this server
   * and has all scopes that the call requires. It also serves the metadata, at `metadataPath`. Guards run before the
   * body is read.
   *
   * `protect` reads the body, so it must come before body parsers, unless `acceptParsedBody` is true.
   *
   * @throws ConfigError for a guard of another resource server
   *
   * @example
   * ```ts
   * import { createServer } from 'node:http'
   * import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
   * import { resourceServer } from '@resource-server/mcp'
   *
   * const mcp = resourceServer({
   *   issuer: 'https://as.example.com',
   *   resource: 'https://mcp.example.com/mcp',
   * })
   * const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: crypto.randomUUID })
   *
   * createServer(mcp.protect((req, res, body) => transport.handleRequest(req, res, body)))
   * ```
   */
  readonly protect: (handler: McpNodeHandler<C>, ...guards: readonly McpGuard[]) => McpNodeListener
  /**
   * Like `protect`, for hosts with `Request` and `Response`. The handler gets the same second argument as the SDK's own
   * handlers: `mcp.protectFetch(handler.fetch)`.
   *
   * @throws ConfigError for a guard of another resource server, and if `mtls` reads the connection of a request, which
   * these hosts do not expose
   */
  readonly protectFetch: (
    handler: McpFetchHandler<C>,
    ...guards: readonly McpGuard[]
  ) => (request: Request) => Promise<Response>
  /** The path of the metadata (RFC 9728 section 3.1), such as `/.well-known/oauth-protected-resource/mcp`. */
  readonly metadataPath: string
  /**
   * Returns the access token of a request, or of the `authInfo` that a tool gets.
   *
   * @throws ConfigError if this resource server did not let the request through, or if `authInfo` does not come from a
   * request that it let through
   */
  readonly token: (source: IncomingMessage | Request | AuthInfoLike | undefined) => Token
}

/** The part that all versions of the SDK's `AuthInfo` have. */
interface AuthInfoLike {
  readonly token: string
  readonly clientId: string
  readonly scopes: readonly string[]
}

/**
 * Protects an MCP server (specifications 2025-03-26 to 2026-07-28) that uses the streamable HTTP transport. Only tokens
 * whose audience is `resource` are accepted. Works with version 1 and version 2 of the official SDK, and with other
 * servers.
 *
 * - The metadata (RFC 9728) names the authorization server, so that clients can find it.
 * - A request without a valid token gets 401. Its challenge names the scopes to request.
 * - A call without the scopes of its tool gets 403, before the tool runs. The challenge names all scopes that the call
 *   requires.
 * - A session belongs to the issuer, subject, and client that opened it.
 *
 * A tool without a rule requires only `baseScopes`, and a call may continue after its token expires. Only open-ended
 * streams end with their token.
 *
 * @typeParam C The custom claims that the issuer adds. They are not validated: the type is only an assertion.
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { resourceServer } from '@resource-server/mcp'
 *
 * export const mcp = resourceServer({
 *   issuer: 'https://as.example.com',
 *   resource: 'https://mcp.example.com/mcp',
 *   baseScopes: ['mcp:basic'],
 *   tools: { 'orders.cancel': ['orders:write'] },
 * })
 * ```
 */
export function resourceServer<C extends object = object>(
  options: McpOptions & { readonly optional: false },
): ResourceServer<C>
export function resourceServer<C extends object = object>(
  options: McpOptions & { readonly optional: boolean },
): ResourceServer<C, AccessToken<C> | undefined>
export function resourceServer<C extends object = object>(options: McpOptions): ResourceServer<C>
export function resourceServer<C extends object>(
  options: McpOptions,
): ResourceServer<C, AccessToken<C> | undefined> {
  const { core, mcp } = readMcpOptions(options)
  const gate = createGate<C>(core)
  const { wrap, unwrap } = privateGuards()
  const { requireScope, requireAnyScope: _, ...guards } = gate.guards(wrap)
  // The metadata lists the scopes of guards, and these are the ones that it is to list.
  if (mcp.scopesSupported.length > 0) requireScope(...mcp.scopesSupported)
  const { url, pass } = gate.metadata()
  const authInfos = new WeakMap<object, AccessToken<C>>()
  const identity = { resource: core.resource, metadataUrl: url }
  const authInfo = (token: AccessToken<C>): McpAuthInfo<C> => {
    const info = authInfoOf(token, identity)
    authInfos.set(info, token)
    return info
  }
  const protection = protectionOf({ gate, mcp, metadata: pass, authInfo })
  return {
    ...guards,
    ...gate.operations,
    protect: (handler, ...given) => protectNode(protection(unwrap(given)), handler),
    protectFetch: (handler, ...given) => protectFetch(protection(unwrap(given)), handler),
    metadataPath: new URL(url).pathname,
    token: (source) => {
      const token = source && authInfos.get(source)
      if (token) return token
      if (source === undefined || 'clientId' in source) throw unknownAuthInfo()
      return gate.token(source)
    },
  }
}

function unknownAuthInfo(): ConfigError {
  return new ConfigError(
    'This authInfo does not come from a request that this resource server let through.',
    'Wrap the transport of the MCP server in protect(), and pass extra.authInfo on unchanged.',
  )
}
