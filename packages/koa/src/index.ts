import type { IncomingMessage } from 'node:http'
import type {
  AccessToken,
  Guards,
  OpenApi,
  Operations,
  ResourceServerOptions,
} from '@resource-server/core'
import { createGate, fromNode, type Guard, nodeGuard } from '@resource-server/core/adapter'
import { answer } from './answer.ts'
import { type KoaContext, routeOf } from './context.ts'

// All that a user needs, so that one install is enough
export * from '@resource-server/core'
export { RequestRefusedError } from '@resource-server/core/adapter'
export type { KoaContext }

/** A Koa middleware. It asks nothing of the context's type, so that a route keeps its own. */
export type KoaGuard = (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>

/**
 * The state behind a guard: `new Router<AuthState>()` types `ctx.state.auth`. With `optional: true`
 * it is undefined for the anonymous: `Partial<AuthState>`.
 */
export interface AuthState<C extends object = object> {
  readonly auth: AccessToken<C>
}

/** What `resourceServer` returns. Destructure it: nothing depends on `this`. */
export interface ResourceServer<C extends object, Token> extends Guards<KoaGuard, C>, Operations {
  /**
   * The request's access token, with the user's claim type, whatever the type of the state.
   *
   * @throws ConfigError unless every guard so far let the request through
   */
  readonly token: (context: { readonly req: IncomingMessage }) => Token
  /**
   * Serves the metadata of this resource server (RFC 9728) at its well-known path, and nothing else.
   * Use it ahead of the guards: `app.use(api.metadata())`.
   *
   * @throws ConfigError where no `resource` is configured
   */
  readonly metadata: () => KoaGuard
  /** The security scheme, and the scopes of guards, for an OpenAPI document. */
  readonly openapi: OpenApi<KoaGuard>
}

/**
 * Guards for Koa 3 and 2 that accept exactly the tokens issued for this service. The token is at
 * `ctx.state.auth`; a guard never reads it from there, since anybody can write to a state.
 *
 * @typeParam C The claims that the issuer adds. An assertion: they are not checked.
 * @throws ConfigError for options that cannot be right
 */
export function resourceServer<C extends object = object>(
  options: ResourceServerOptions & { readonly optional?: false },
): ResourceServer<C, AccessToken<C>>
/** With `optional`, an anonymous request has no token. */
export function resourceServer<C extends object = object>(
  options: ResourceServerOptions,
): ResourceServer<C, AccessToken<C> | undefined>
export function resourceServer<C extends object>(
  options: ResourceServerOptions,
): ResourceServer<C, AccessToken<C> | undefined> {
  const gate = createGate<C>(options)
  const pass = nodeGuard(gate)
  const middleware =
    (guard: Guard): KoaGuard =>
    async (context, next) => {
      // Under koa-mount, `req.url` is what is left below the mount.
      const { req: request, res: response, originalUrl: url, state: attachTo } = context
      const route = (): string | undefined => routeOf(context)
      const result = await pass(guard, { request, response, url, route, attachTo })
      if (result.action === 'proceed') return next()
      if (result.action === 'throw') throw result.error
      return answer(context, result.reply)
    }
  return {
    ...gate.guards(middleware),
    token: ({ req }) => gate.token(req),
    metadata: () => {
      const { pass: serve } = gate.metadata()
      return async (context, next) => {
        const result = serve(fromNode(context.req, context.originalUrl))
        return result.action === 'reply' ? answer(context, result.reply) : next()
      }
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
}
