import type { AccessToken, ResourceServerOptions } from '@resource-server/core'
import {
  createGate,
  fromFetch,
  type Guard,
  isFetchRequest,
  type RequestRefusedError,
  type ResourceServerBase,
  wrongHost,
} from '@resource-server/core/adapter'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'

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

/** The variables of the context after a guard: `c.get('token')` and `c.var.token`. */
export interface AuthEnv<Token = AccessToken> {
  readonly Variables: { readonly token: Token }
}

/** Hono middleware that also types `c.get('token')` for the handlers after it on the same route. */
export type HonoGuard<Token = AccessToken> = MiddlewareHandler<{ Variables: { token: Token } }>

/** The return value of `resourceServer`. */
export interface ResourceServer<
  C extends object = object,
  Token = AccessToken<C>,
> extends ResourceServerBase<HonoGuard<Token>, Context, C, Token, MiddlewareHandler> {}

/**
 * Creates guards for Hono 4 that accept only tokens issued for this service. The verified token is available as
 * `api.token(c)` and as `c.get('token')`. Guards never read the variables of the context, because any code can write
 * them. Runs on Node, Cloudflare Workers, Deno, and Bun. On runtimes other than Node, no Node module is loaded.
 *
 * With `optional: true`, the token is `undefined` for anonymous requests, and its type includes `undefined`.
 *
 * @typeParam C The custom claims that the issuer adds. They are not validated: the type is only an assertion.
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { resourceServer } from '@resource-server/hono'
 *
 * const api = resourceServer({ issuer: 'https://as.example.com' })
 * const app = new Hono()
 *
 * app.use('/orders/*', api.requireAudience('order-service'))
 * app.get('/orders/:id', api.requireScope('orders:read'), (c) => {
 *   return c.json({ id: c.req.param('id'), owner: c.get('token').subject })
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
export function resourceServer<C extends object>(options: ResourceServerOptions): object {
  const gate = createGate<C>(options, { exposesConnection: false })
  // The context is the key, because middleware may replace its request, for example to limit the body.
  const pass = (guard: Guard, context: Context) => {
    const route = (): string | undefined => matchedRoutes(context).at(-1)?.path
    return gate.pass(context, { ...fromFetch(context.req.raw), route }, guard)
  }
  const run = async (guard: Guard, context: Context, next: () => Promise<void>) => {
    // Middleware is nested, so the first guard is the last to end.
    const isFirst = !gate.has(context)
    try {
      const result = await pass(guard, context)
      if (result.action === 'throw') throw withResponse(result.error)
      if (result.action === 'reply') return new Response(result.reply.body, result.reply)
      if (!isPreflight(context)) context.set('token', gate.token(context))
      await next()
      for (const [name, value] of Object.entries(result.headers ?? {})) {
        context.header(name, value, { append: true })
      }
      return undefined
    } finally {
      if (isFirst) gate.recordDecision(context)
    }
  }
  const middleware =
    (guard: Guard): HonoGuard<AccessToken<C> | undefined> =>
    (context, next) =>
      run(guard, checked(context), next)
  const server: ResourceServer<C, AccessToken<C> | undefined> = {
    ...gate.guards(middleware),
    token: (context) => gate.token(checked(context)),
    metadata: () => {
      const { pass: serve } = gate.metadata()
      return async (context, next) => {
        const result = serve(fromFetch(checked(context).req.raw))
        return result.action === 'reply' ? new Response(result.reply.body, result.reply) : next()
      }
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
  return server
}

/** With `allowPreflight`, a request with this method may have passed without a token. */
function isPreflight({ req }: Context): boolean {
  return req.method === 'OPTIONS'
}

/** @throws ConfigError for anything but a context of Hono, such as a request of another framework */
function checked(context: Context): Context {
  const { req } = (context as Partial<Context> | undefined) ?? {}
  if (isFetchRequest(req?.raw)) return context
  throw wrongHost('A guard for Hono', context)
}

/** Hono sends what `getResponse` returns if no error handler catches the error. */
function withResponse(error: RequestRefusedError): RequestRefusedError {
  return Object.defineProperty(error, 'getResponse', {
    value: () => new Response(error.body, error),
  })
}
