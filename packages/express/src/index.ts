import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessToken, ResourceServerOptions } from '@resource-server/core'
import {
  createGate,
  fromNode,
  type Guard,
  type GuardResult,
  isNodeRequest,
  nodeGuard,
  type ResourceServerBase,
  sendNode,
  wrongHost,
} from '@resource-server/core/adapter'

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
  SkippedKey,
  KeyStore,
  KeyStoreOptions,
  MtlsOptions,
  OpenApi,
  Operations,
  PolicyResult,
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
  RevocableToken,
  Revocation,
  RevocationChecker,
  RevocationContext,
  RevocationFeed,
  RevocationFeedPart,
  RevocationFinding,
  RevocationHealth,
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

/**
 * Express middleware. It is typed with Node's request and response, so that Express still infers the route's
 * own types, such as `req.params`.
 */
export type ExpressGuard = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** The return value of `resourceServer`. */
export interface ResourceServer<
  C extends object = object,
  Token = AccessToken<C>,
> extends ResourceServerBase<ExpressGuard, IncomingMessage, C, Token> {}

/**
 * Creates guards for Express 5 and 4 that accept only tokens issued for this service. The verified token is
 * available as `api.token(req)` and as `req.auth`. Guards never read `req.auth`, because any code can write to
 * a request.
 *
 * With `optional: true`, `api.token(req)` is `undefined` for anonymous requests, and its type includes
 * `undefined`.
 *
 * @typeParam C The custom claims that the issuer adds. They are not validated: the type is only an assertion.
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import express from 'express'
 * import { resourceServer } from '@resource-server/express'
 *
 * const api = resourceServer({ issuer: 'https://as.example.com' })
 * const app = express()
 *
 * app.use('/orders', api.requireAudience('order-service'))
 * app.get('/orders/:id', api.requireScope('orders:read'), (req, res) => {
 *   res.json({ id: req.params.id, owner: api.token(req).subject })
 * })
 * ```
 */
export function resourceServer<C extends object = object>(
  options: ResourceServerOptions & { readonly optional: false },
): ResourceServer<C>
export function resourceServer<C extends object = object>(
  options: ResourceServerOptions & { readonly optional: boolean },
): ResourceServer<C, AccessToken<C> | undefined>
export function resourceServer<C extends object = object>(
  options: ResourceServerOptions,
): ResourceServer<C>
export function resourceServer<C extends object>(
  options: ResourceServerOptions,
): ResourceServer<C, AccessToken<C> | undefined> {
  const gate = createGate<C>(options)
  const pass = nodeGuard(gate)
  const middleware =
    (guard: Guard): ExpressGuard =>
    (request, response, next) => {
      if (!isExpress(response, next)) throw wrongHost('A guard for Express', request)
      const route = (): string | undefined => routeOf(request)
      const result = pass(guard, { request, response, route, attachTo: request })
      if (!(result instanceof Promise)) return follow(result, response, next)
      void result.then((settled) => follow(settled, response, next), next)
    }
  return {
    ...gate.guards(middleware),
    token: (request) => {
      if (!isNodeRequest(request)) throw wrongHost('api.token() for Express', request, tokenAdvice)
      return gate.token(request)
    },
    metadata: (...given: readonly unknown[]) => {
      const { pass: serve, describe } = gate.metadata(...given)
      return describe<ExpressGuard>((request, response, next) => {
        if (!isExpress(response, next)) throw wrongHost('api.metadata() for Express', request)
        follow(serve(fromNode(request)), response, next)
      })
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
}

const tokenAdvice =
  'Pass the request of the handler: api.token(req). For another framework, use its package.'

/** Whether the caller is Express and not another framework. Its handlers get other arguments. */
function isExpress(response: Partial<ServerResponse> | undefined, next: unknown): boolean {
  return typeof response?.setHeader === 'function' && typeof next === 'function'
}

function follow(
  result: GuardResult,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  if (result.action === 'proceed') return next()
  if (result.action === 'throw') return next(result.error)
  sendNode(result.reply, response)
}

/** What Express adds to a request once it has found the route. */
interface RoutedRequest {
  readonly baseUrl?: string
  readonly route?: { readonly path?: unknown }
}

/**
 * The pattern of the route, such as `/orders/:id`. Express does not reveal the pattern of a mount path: `baseUrl`
 * is the path that the client requested, and can name a user. So a route below a mount path has no pattern.
 */
function routeOf({
  baseUrl,
  route,
  url = '',
}: IncomingMessage & RoutedRequest): string | undefined {
  const path = route?.path
  if (baseUrl) return undefined
  if (typeof path === 'string') return isWholePattern(path, url) ? path : undefined
  const source = (path as Partial<RegExp> | undefined)?.source
  return typeof source === 'string' ? `/${source}/` : undefined
}

/**
 * After an error or `next()`, Express has reset `baseUrl`, but `route` may still be one below a mount path. Its
 * pattern then has fewer segments than the URL. The number of segments of a pattern with wildcards is unknown.
 */
function isWholePattern(pattern: string, url: string): boolean {
  const [pathname = ''] = url.split('?', 1)
  return /[*?+(){}[\]\\]/.test(pattern) || segmentsOf(pattern) === segmentsOf(pathname)
}

function segmentsOf(path: string): number {
  return path.split('/').filter((segment) => segment !== '').length
}
