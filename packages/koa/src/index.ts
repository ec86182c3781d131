import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessToken, ResourceServerOptions } from '@resource-server/core'
import {
  createGate,
  fromNode,
  type Guard,
  isNodeRequest,
  nodeGuard,
  type Reply,
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
 * The part of Koa's context that a guard uses. Compatible with the contexts of any Koa version, with any state and
 * router.
 */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
  readonly headerSent: boolean
  readonly state: object
  respond?: boolean | undefined
  status: number
  body: unknown
  set(headers: Record<string, string>): void
  /** The path of the router layer that is running now. `router.use` creates layers too. */
  readonly _matchedRoute?: unknown
  /** The layers of Koa's router that match the path. */
  readonly matched?: unknown
}

/** Koa middleware. It does not restrict the context's type, so a route keeps its own type. */
export type KoaGuard = (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>

/**
 * The type of the state after a guard: `new Router<AuthState>()` declares `ctx.state.auth`. With
 * `optional: true`, use `Partial<AuthState>`, because anonymous requests have no token.
 */
export interface AuthState<C extends object = object> {
  readonly auth: AccessToken<C>
}

/** The return value of `resourceServer`. */
export interface ResourceServer<
  C extends object = object,
  Token = AccessToken<C>,
> extends ResourceServerBase<KoaGuard, { readonly req: IncomingMessage }, C, Token> {}

/**
 * Creates guards for Koa 3 and 2 that accept only tokens issued for this service. The verified token is
 * available as `api.token(ctx)` and as `ctx.state.auth`. Guards never read the state, because any code can
 * write to it.
 *
 * With `optional: true`, `api.token(ctx)` is `undefined` for anonymous requests, and its type includes
 * `undefined`.
 *
 * @typeParam C The custom claims that the issuer adds. They are not validated: the type is only an assertion.
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import Router from '@koa/router'
 * import { resourceServer } from '@resource-server/koa'
 *
 * const api = resourceServer({ issuer: 'https://as.example.com', audience: 'order-service' })
 * const router = new Router()
 *
 * router.get('/orders/:id', api.requireScope('orders:read'), (ctx) => {
 *   ctx.body = { owner: api.token(ctx).subject }
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
  const run = async (guard: Guard, context: KoaContext, next: () => Promise<unknown>) => {
    // Under koa-mount, `req.url` contains only the part below the mount path.
    const { req: request, res: response, originalUrl: url, state: attachTo } = context
    const route = (): string | undefined => routeOf(context)
    const result = await pass(guard, { request, response, url, route, attachTo })
    if (result.action === 'proceed') return next()
    if (result.action === 'throw') throw result.error
    return send(context, result.reply)
  }
  const middleware =
    (guard: Guard): KoaGuard =>
    (context, next) => {
      // Not in the async function, because Express 4 does not handle promises.
      if (!isKoa(context, next)) throw wrongHost('A guard for Koa', context)
      return run(guard, context, next)
    }
  return {
    ...gate.guards(middleware),
    token: (context) => {
      if (isNodeRequest(context?.req)) return gate.token(context.req)
      throw wrongHost('api.token() for Koa', context, tokenAdvice)
    },
    metadata: (...given: readonly unknown[]) => {
      const { pass: serve, describe } = gate.metadata(...given)
      const answer: KoaGuard = async (context, next) => {
        const result = serve(fromNode(context.req, context.originalUrl))
        return result.action === 'reply' ? send(context, result.reply) : next()
      }
      return describe<KoaGuard>((context, next) => {
        if (!isKoa(context, next)) throw wrongHost('api.metadata() for Koa', context)
        return answer(context, next)
      })
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
}

const tokenAdvice =
  'Pass the context of the handler: api.token(ctx). For another framework, use its package.'

/** Whether the caller is Koa and not another framework. Its handlers get other arguments. */
function isKoa(context: Partial<KoaContext> | undefined, next: unknown): boolean {
  const { req, res } = context ?? {}
  return req !== undefined && typeof res?.setHeader === 'function' && typeof next === 'function'
}

/** Sends through Koa, so that middleware around the guard sees the response. */
function send(context: KoaContext, reply: Reply): void {
  // Koa's response handling is bypassed, or a response has already been started.
  if (context.respond === false || context.headerSent) return sendNode(reply, context.res)
  context.status = reply.status
  // Before the body, because Koa adds a Content-Type to a body that has none.
  context.set({ ...reply.headers })
  context.body = reply.body
}

/** A layer of `@koa/router`. The layers of `router.use` have no methods. */
interface RouterLayer {
  readonly path: unknown
  readonly methods: readonly string[]
}

/**
 * The pattern of the route, such as `/orders/:id`, as the app wrote it. `_matchedRoute` alone is not enough: during
 * `router.use` it is a regular expression that the router made.
 */
function routeOf({ req, matched, _matchedRoute: current }: KoaContext): string | undefined {
  const layers = Array.isArray(matched) ? (matched as readonly RouterLayer[]) : []
  const routes = layers.filter(({ methods }) => methods.includes(req.method ?? ''))
  const path = routes.some((route) => route.path === current) ? current : routes.at(-1)?.path
  if (typeof path === 'string') return path
  const source = (path as Partial<RegExp> | undefined)?.source
  return typeof source === 'string' ? `/${source}/` : undefined
}
