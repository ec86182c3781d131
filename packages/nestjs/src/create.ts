import { type CanActivate, SetMetadata } from '@nestjs/common'
import type { HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core'
import { ConfigError, type ResourceServerOptions } from '@resource-server/core'
import { createGate, type Guard } from '@resource-server/core/adapter'
import { refuseOtherContexts } from './contexts.ts'
import { type HttpServer, rawRequest, serveBeforeRoutes } from './platform.ts'
import type { HandlerClass } from './requirements.ts'
import type { ResourceServer } from './resource-server.ts'
import { type GuardsOf, rememberedGuards, routeGuard } from './route-guard.ts'

/**
 * Runs while Nest creates the app, when all modules are known and no route is open yet.
 *
 * @throws ConfigError if the app must not start
 */
export function createResourceServer(
  options: ResourceServerOptions,
  overrides: Partial<ResourceServerOptions> | undefined,
  modules: ModulesContainer,
  host: HttpAdapterHost,
  reflector: Reflector,
): { readonly server: ResourceServer; readonly guard: CanActivate } {
  const effective = withOverrides(options, overrides)
  const gate = createGate(effective)
  const guardsOf = rememberedGuards(gate.guards<Guard>((guard) => guard))
  const openapi = gate.openapi<Guard>()
  for (const owner of classesIn(modules)) {
    refuseOtherContexts(owner, reflector)
    for (const handler of routesOf(owner, reflector)) {
      describe(handler, guardsOf(owner, handler), openapi.security)
    }
  }
  if (effective.resource !== undefined) {
    serveBeforeRoutes(httpServerOf(host), gate.metadata().pass)
  }
  const { operations } = gate
  return {
    guard: routeGuard(gate, guardsOf),
    server: {
      ...operations,
      securitySchemes: openapi.securitySchemes,
      token: (request) => gate.token(rawRequest(request)),
      onModuleDestroy: operations.close,
    },
  }
}

/** In a test, another issuer replaces all configured ones. */
function withOverrides(
  options: ResourceServerOptions,
  overrides: Partial<ResourceServerOptions> | undefined,
): ResourceServerOptions {
  if (!overrides) return options
  const { issuer: _, issuers: _all, resolveIssuer: _resolve, ...others } = options
  return { ...others, ...overrides }
}

function httpServerOf({ httpAdapter }: HttpAdapterHost): HttpServer {
  // Without one, as in a microservice, Nest leaves it undefined.
  const adapter = httpAdapter as HttpServer | undefined
  if (adapter) return adapter
  throw new ConfigError("'resource' requires an HTTP server.", 'Leave it out in a microservice.')
}

/** The controllers and providers of the app. Values and factories have no class. */
function classesIn(modules: ModulesContainer): readonly HandlerClass[] {
  const wrappers = [...modules.values()].flatMap(({ controllers, providers }) => [
    ...controllers.values(),
    ...providers.values(),
  ])
  const classes = wrappers
    .map(({ metatype }) => metatype as HandlerClass | null)
    .filter(
      (owner) =>
        typeof owner === 'function' && typeof (owner as HandlerClass).prototype === 'object',
    )
  return [...new Set(classes as HandlerClass[])]
}

/** The methods that Nest turns into routes, including inherited ones. */
function routesOf(owner: HandlerClass, reflector: Reflector): readonly object[] {
  const methods: object[] = []
  for (
    let at: object | null = owner.prototype;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const value: unknown = Object.getOwnPropertyDescriptor(at, name)?.value
      if (typeof value === 'function') methods.push(value)
    }
  }
  return methods.filter(
    (method) =>
      reflector.get<unknown>('path', method as () => void) !== undefined && method !== owner,
  )
}

/** What `@nestjs/swagger` reads, and `@ApiSecurity()` writes. */
const security = 'swagger/apiSecurity'

function describe(
  handler: object,
  guards: ReturnType<GuardsOf>,
  describeGuards: (...guards: [Guard, ...Guard[]]) => unknown,
): void {
  if (guards === 'public') return
  SetMetadata(security, describeGuards(...(guards as [Guard, ...Guard[]])))(handler as () => void)
}
