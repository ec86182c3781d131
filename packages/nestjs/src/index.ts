import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common'
import { APP_FILTER, APP_GUARD, HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core'
import type { ResourceServerOptions } from '@resource-server/core'
import { createResourceServer } from './create.ts'
import { RefusedFilter } from './refused.ts'
import { ResourceServer } from './resource-server.ts'
import { overrides, settings } from './tokens.ts'

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
export {
  Public,
  RequireActor,
  RequireAnyScope,
  RequireAudience,
  RequireAuthentication,
  RequireClaim,
  RequireClient,
  RequireDelegated,
  RequireDirect,
  RequirePermission,
  RequirePolicy,
  RequireRole,
  RequireScope,
  RequireStepUp,
  Token,
} from './decorators.ts'
export { RefusedException } from './refused.ts'
export type { RouteDecorator } from './requirements.ts'

export { ResourceServer } from './resource-server.ts'

/** Like the async options of Nest's own modules. */
export interface ResourceServerAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: readonly (string | symbol | (abstract new (...given: never[]) => unknown))[]
  readonly useFactory: (...given: never[]) => ResourceServerOptions | Promise<ResourceServerOptions>
}

/**
 * Protects every route of an app with access tokens, except `@Public()` ones. Import it once, in the root module. For
 * NestJS 12 and 11, on Express and Fastify.
 *
 * Startup fails with a `ConfigError` for invalid options, for invalid arguments to a decorator, and for a GraphQL
 * resolver, a WebSocket gateway, or a microservice handler that is not `@Public()`.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common'
 * import { ResourceServerModule } from '@resource-server/nestjs'
 *
 * @Module({
 *   imports: [
 *     ResourceServerModule.forRoot({ issuer: 'https://as.example.com', audience: 'order-service' }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
export class ResourceServerModule {
  static forRoot(options: ResourceServerOptions): DynamicModule {
    return moduleWith({ useFactory: () => options })
  }

  /** For options from other providers, such as a configuration service. */
  static forRootAsync(options: ResourceServerAsyncOptions): DynamicModule {
    return moduleWith(options)
  }
}

// Without decorator syntax, which Node cannot strip from a source.
Module({})(ResourceServerModule)

function moduleWith({
  imports = [],
  inject = [],
  useFactory,
}: ResourceServerAsyncOptions): DynamicModule {
  return {
    module: ResourceServerModule,
    global: true,
    imports,
    providers: [
      { provide: settings, inject: [...inject], useFactory },
      {
        provide: created,
        inject: [
          settings,
          { token: overrides, optional: true },
          ModulesContainer,
          HttpAdapterHost,
          Reflector,
        ],
        useFactory: createResourceServer,
      },
      { provide: ResourceServer, inject: [created], useFactory: ({ server }: Created) => server },
      { provide: APP_GUARD, inject: [created], useFactory: ({ guard }: Created) => guard },
      { provide: APP_FILTER, useClass: RefusedFilter },
    ],
    exports: [ResourceServer],
  }
}

const created = Symbol('created resource server')

type Created = ReturnType<typeof createResourceServer>
