import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  AccessToken,
  Guards,
  OpenApi,
  Operations,
  ResourceServerOptions,
} from '@resource-server/core'
import {
  createGate,
  fromNode,
  type Guard,
  nodeGuard,
  type GuardResult,
} from '@resource-server/core/adapter'
import { follow } from './follow.ts'
import { routeOf } from './route.ts'

// All that a user needs, so that one install is enough
export * from '@resource-server/core'
export { RequestRefusedError } from '@resource-server/core/adapter'

/**
 * An Express middleware. It is typed by what Node gives, so that the route's own types, such as
 * `req.params`, are inferred as if it were not there.
 */
export type ExpressGuard = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** What `resourceServer` returns. Destructure it: nothing depends on `this`. */
export interface ResourceServer<C extends object, Token>
  extends Guards<ExpressGuard, C>, Operations {
  /**
   * The request's access token, with the user's claim type and no global declaration.
   *
   * @throws ConfigError unless every guard so far let the request through
   */
  readonly token: (request: IncomingMessage) => Token
  /**
   * Serves the metadata of this resource server (RFC 9728) at its well-known path, and nothing else.
   * Mount it at the root, ahead of the guards: `app.use(api.metadata())`.
   *
   * @throws ConfigError where no `resource` is configured
   */
  readonly metadata: () => ExpressGuard
  /** The security scheme, and the scopes of guards, for an OpenAPI document. */
  readonly openapi: OpenApi<ExpressGuard>
}

/**
 * Guards for Express 5 and 4 that accept exactly the tokens issued for this service. The token is at
 * `req.auth`; a guard never reads it from there, since anybody can write to a request.
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
    (guard: Guard): ExpressGuard =>
    (request, response, next) => {
      const go = (result: GuardResult): void => follow(result, response, next)
      const route = (): string | undefined => routeOf(request)
      const passing = pass(guard, { request, response, route, attachTo: request })
      void (passing instanceof Promise ? passing.then(go, next) : go(passing))
    }
  return {
    ...gate.guards(middleware),
    token: (request) => gate.token(request),
    metadata: () => {
      const { pass: serve } = gate.metadata()
      return (request, response, next) => follow(serve(fromNode(request)), response, next)
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
}
