import type { AccessToken, ResourceServerOptions } from '@resource-server/core'
import {
  createGate,
  fromFetch,
  type Gate,
  type Guard,
  type RequestRefusedError,
  type ResourceServerBase,
} from '@resource-server/core/adapter'
import { type FetchGuard, privateGuards } from './guards.ts'
import { checked, requestTracker } from './request-tracker.ts'
import { withHeaders } from './with-headers.ts'

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
export type { FetchGuard } from './guards.ts'

/** The result of `authenticate`. Access is granted only if `ok` is true; otherwise return the `response`. */
export type Authentication<Token> =
  | {
      readonly ok: true
      readonly token: Token
      /** Headers that the response must have, such as a new nonce for DPoP. Empty in most cases. */
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly ok: false; readonly response: Response }

/** The return value of `resourceServer`. */
export interface ResourceServer<
  C extends object = object,
  Token = AccessToken<C>,
> extends ResourceServerBase<FetchGuard, Request, C, Token, MetadataHandler> {
  /**
   * Runs the guards in order. Without guards, it requires a token for the configured audience. If `onRefusal` is
   * `'throw'`, it rejects with a `RequestRefusedError` instead of returning a response.
   *
   * @throws ConfigError if no audience is known, or for a guard of another resource server
   */
  readonly authenticate: (
    request: Request,
    ...guards: readonly FetchGuard[]
  ) => Promise<Authentication<Token>>
  /**
   * Wraps a handler so that it runs only if the guards let the request through. Other arguments are passed
   * through.
   */
  readonly protect: <R extends Request, Rest extends unknown[]>(
    handler: (request: R, ...rest: Rest) => Response | Promise<Response>,
    ...guards: readonly FetchGuard[]
  ) => (request: R, ...rest: Rest) => Promise<Response>
}

/** Returns the metadata if the request asks for it, and `undefined` otherwise: `serve(request) ?? …`. */
export type MetadataHandler = (request: Request) => Response | undefined

/**
 * Creates guards for hosts that use the Fetch standard's `Request` and `Response`, such as Hono, Next.js, and
 * Cloudflare Workers. They accept only tokens issued for this service. On runtimes other than Node, no Node
 * module is loaded.
 *
 * With `optional: true`, the token is `undefined` for anonymous requests, and its type includes `undefined`.
 *
 * @typeParam C The custom claims that the issuer adds. They are not validated: the type is only an assertion.
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { resourceServer } from '@resource-server/fetch'
 *
 * const api = resourceServer({ issuer: 'https://as.example.com', audience: 'order-service' })
 *
 * export async function handle(request: Request): Promise<Response> {
 *   const auth = await api.authenticate(request, api.requireScope('orders:read'))
 *   if (!auth.ok) return auth.response
 *   return Response.json({ owner: auth.token.subject })
 * }
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
  const gate = createGate<C>(options, { exposesConnection: false })
  const { wrap, unwrap } = privateGuards()
  const tracked = requestTracker(gate)
  return {
    ...gate.guards(wrap),
    authenticate: (request, ...guards) =>
      tracked(request, async () => {
        const { response, headers } = await runGuards(gate, request, unwrap(guards))
        if (response) return { ok: false, response }
        // A getter, because a CORS preflight has no token, and `gate.token` says so.
        return {
          ok: true,
          headers,
          get token() {
            return gate.token(request)
          },
        }
      }),
    protect: (handler, ...given) => {
      const guards = unwrap(given)
      return (request, ...rest) =>
        tracked(request, async () => {
          const { response, headers } = await runGuards(gate, request, guards)
          return response ?? withHeaders(await handler(request, ...rest), headers)
        })
    },
    token: (request) => gate.token(checked(request)),
    metadata: (...given: readonly unknown[]) => {
      const { pass: serve } = gate.metadata(...given)
      return (request) => {
        const result = serve(fromFetch(checked(request)))
        return result.action === 'reply' ? new Response(result.reply.body, result.reply) : undefined
      }
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
}

/** Runs the guards in order. Returns the response if one of them refuses. */
async function runGuards<C extends object>(
  gate: Gate<C>,
  request: Request,
  guards: readonly Guard[],
): Promise<{
  readonly response?: Response
  readonly headers: Readonly<Record<string, string>>
}> {
  const translated = fromFetch(request)
  const headers: Record<string, string> = {}
  for (const guard of guards) {
    // oxlint-disable-next-line no-await-in-loop -- in order: the first guard authenticates
    const result = await gate.pass(request, translated, guard)
    if (result.action === 'throw') throw withResponse(result.error)
    if (result.action === 'reply') {
      return { response: new Response(result.reply.body, result.reply), headers }
    }
    Object.assign(headers, result.headers)
  }
  return { headers }
}

/** Hono sends what `getResponse` returns if no error handler catches the error. */
function withResponse(error: RequestRefusedError): RequestRefusedError {
  return Object.defineProperty(error, 'getResponse', {
    value: () => new Response(error.body, error),
  })
}
