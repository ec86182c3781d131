import {
  type AccessToken,
  ConfigError,
  type Guards,
  type Operations,
  type ResourceServerOptions,
} from '@resource-server/core'
import {
  createGate,
  fromNode,
  type Guard,
  ignoredWrite,
  isNodeRequest,
  nodeGuard,
  type NodeRequest,
  type NodeResponse,
  type Reply,
  type ResourceServerBase,
  sendNode,
  wrongHost,
} from '@resource-server/core/adapter'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { safeForFastify, withoutText } from './errors.ts'

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

/** The part of Fastify's request that a guard uses. Requests over HTTP/2 have it too. */
export interface GuardedRequest {
  readonly raw: NodeRequest
  readonly originalUrl: string
  readonly routeOptions: { readonly url?: string | undefined }
}

/** The part of Fastify's reply that a guard uses. */
export interface GuardedReply {
  readonly raw: NodeResponse
  code(status: number): unknown
  headers(headers: Record<string, string>): unknown
  getHeader(name: string): number | string | string[] | undefined
  send(body: unknown): unknown
}

/**
 * A hook for the `onRequest` option of a route or for `addHook`. It does not restrict the route's types, so the
 * types from its schemas are kept.
 */
export type FastifyGuard = (request: GuardedRequest, reply: GuardedReply) => Promise<unknown>

/**
 * Your own types for `request.auth`, set by declaration merging. Set `claims` to the custom claims that the
 * issuer adds. They are not validated: the type is only an assertion. Set `optional: true` if the option
 * `optional` is true.
 */
export interface AuthTypes {}

/** The claims of `AuthTypes`. */
export type AuthClaims = AuthTypes extends { readonly claims: infer C extends object } ? C : object

/**
 * The type of `request.auth`. It is `undefined` for anonymous requests, which are allowed only with `optional`.
 */
export type RequestAuth = AuthTypes extends { readonly optional: true }
  ? AccessToken<AuthClaims> | undefined
  : AccessToken<AuthClaims>

/** The members of a resource server that are available under `app.resourceServer`. */
export type ResourceServer = Pick<
  ResourceServerBase<FastifyGuard, FastifyRequest, AuthClaims, RequestAuth>,
  'token' | 'metadata' | 'openapi' | keyof Operations
>

declare module 'fastify' {
  interface FastifyRequest {
    /** @throws ConfigError unless every guard so far let the request through */
    readonly auth: RequestAuth
  }
  interface FastifyInstance extends Guards<FastifyGuard, AuthClaims> {
    /** A separate object, because apps already have `ready` and `close`. */
    readonly resourceServer: ResourceServer
  }
}

const registered = new WeakSet<object>()

/**
 * Guards for Fastify 5 that accept only tokens issued for this service. Registering the plugin does not protect
 * any route. It adds `requireAudience`, `requireScope`, and the other guards to the app, for use in `onRequest`,
 * and `auth` to its requests. Register it once. Child plugins inherit it and can register it again with other
 * options.
 *
 * Rejects with a `ConfigError` for invalid options.
 *
 * @example
 * ```ts
 * import fastify from 'fastify'
 * import { resourceServer } from '@resource-server/fastify'
 *
 * const app = fastify()
 * await app.register(resourceServer, { issuer: 'https://as.example.com', audience: 'order-service' })
 *
 * app.get('/orders', { onRequest: app.requireScope('orders:read') }, async (request) => {
 *   return { owner: request.auth.subject }
 * })
 * ```
 */
export const resourceServer: FastifyPluginAsync<ResourceServerOptions> = fastifyPlugin(plugin, {
  name: '@resource-server/fastify',
  fastify: '5.x',
})

/** Fastify plugins are default exports. @alias */
export default resourceServer

async function plugin(app: FastifyInstance, options: ResourceServerOptions): Promise<void> {
  if (registered.has(app)) {
    throw new ConfigError(
      'resourceServer is registered twice in one scope of the app.',
      'Register it once, and use requireAudience for other audiences. Register other options in a child plugin.',
    )
  }
  registered.add(app)
  const gate = createGate<AuthClaims>(options)
  const pass = nodeGuard(gate)
  const run = async (guard: Guard, request: GuardedRequest, reply: GuardedReply) => {
    const { raw, originalUrl: url } = request
    const route = (): string | undefined => request.routeOptions.url
    const headers = {
      getHeader: (name: string): unknown => reply.getHeader(name),
      setHeader: (name: string, value: string): unknown => reply.headers({ [name]: value }),
    }
    const exchange = { request: raw, response: reply.raw, url, route, attachTo: request, headers }
    const result = await withoutText(() => pass(guard, exchange))
    if (result.action === 'proceed') return undefined
    if (result.action === 'throw') throw safeForFastify(result.error)
    return send(reply, result.reply)
  }
  const guards = gate.guards<FastifyGuard>((guard) => (request, reply) => {
    // Not in the async function, because Express 4 does not handle promises.
    if (!isFastify(request, reply)) throw wrongHost('A guard for Fastify', request)
    return run(guard, request, reply)
  })
  for (const [name, factory] of Object.entries(guards)) app.decorate(name, asDecorator(factory))
  const server: ResourceServer = {
    ...gate.operations,
    token: (request) =>
      withoutText(() => {
        if (isNodeRequest(request?.raw)) return gate.token(request.raw)!
        throw wrongHost('app.resourceServer.token() for Fastify', request, tokenAdvice)
      }),
    metadata: asDecorator((...given: readonly unknown[]) => {
      const { pass: serve, describe } = gate.metadata(...given)
      const answer: FastifyGuard = async ({ raw, originalUrl }, reply) => {
        const result = serve(fromNode(raw, originalUrl))
        return result.action === 'reply' ? send(reply, result.reply) : undefined
      }
      return describe<FastifyGuard>((request, reply) => {
        if (!isFastify(request, reply)) throw wrongHost('metadata() for Fastify', request)
        return answer(request, reply)
      })
    }),
    openapi: gate.openapi<FastifyGuard>(),
  }
  app.decorate('resourceServer', server)
  // Without `await`, the guards are undefined, and Fastify ignores a hook that is undefined.
  app.addHook('onReady', async () => gate.warnIfUnused(unusedFix))
  app.addHook('onClose', async () => server.close())
  app.decorateRequest('auth', {
    getter(this: FastifyRequest): RequestAuth {
      return server.token(this)
    },
    setter: ignoredWrite('request.auth', 'app.resourceServer.token(request)'),
  })
}

const tokenAdvice =
  'Pass the request of the handler: app.resourceServer.token(request). For another framework, use its package.'

const unusedFix =
  'If routes use its guards, such as app.requireScope, they were defined before the plugin was loaded, and the ' +
  'guards were undefined. Await app.register(resourceServer, …) before you define routes.'

/** Whether the caller is Fastify and not another framework. Its handlers get other arguments. */
function isFastify(
  request: Partial<GuardedRequest> | undefined,
  reply: Partial<GuardedReply> | undefined,
): boolean {
  return request?.raw !== undefined && typeof reply?.code === 'function'
}

/** A factory that is a hook itself, because it was not called, throws during a request. */
function asDecorator<Given extends readonly unknown[]>(
  factory: (...given: Given) => FastifyGuard,
): (...given: Given) => FastifyGuard {
  return (...given) => {
    const [request, reply] = given as readonly object[]
    const isHook = isFastify(request, reply)
    return isHook ? withoutText(() => factory(...given)) : factory(...given)
  }
}

/** Sends through Fastify, so that its hooks and its log see the response. */
function send(reply: GuardedReply, { status, headers, body }: Reply): unknown {
  if (reply.raw.headersSent) sendNode({ status, headers, body }, reply.raw)
  else {
    reply.code(status)
    reply.headers({ ...headers })
    // Bytes, because Fastify adds a charset to JSON text, which this media type does not have.
    reply.send(Buffer.from(body))
  }
  // A hook that returns the reply keeps Fastify from continuing to the handler.
  return reply
}
