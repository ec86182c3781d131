import type {
  AccessToken,
  Guards,
  OpenApi,
  Operations,
  ResourceServerOptions,
} from '@resource-server/core'
import { createGate, fromFetch } from '@resource-server/core/adapter'
import { type FetchGuard, guardKeeper } from './guards.ts'
import { refuser } from './refuser.ts'
import { visitor } from './visitor.ts'

// All that a user needs, so that one install is enough
export * from '@resource-server/core'
export { RequestRefusedError } from '@resource-server/core/adapter'
export type { FetchGuard }

/** What became of a request. Only `ok: true` lets anybody in; otherwise return the `response`. */
export type Authentication<Token> =
  | { readonly ok: true; readonly token: Token }
  | { readonly ok: false; readonly response: Response }

/** What `resourceServer` returns. Destructure it: nothing depends on `this`. */
export interface ResourceServer<C extends object, Token> extends Guards<FetchGuard, C>, Operations {
  /**
   * Asks the guards in turn; without any, for a token for the configured audience. Rejects with the
   * refusal where `onRefusal` is `'throw'`.
   *
   * @throws ConfigError where no audience is known, or for a guard of another resource server
   */
  readonly authenticate: (
    request: Request,
    ...guards: readonly FetchGuard[]
  ) => Promise<Authentication<Token>>
  /** Puts the guards before a handler. What else the host passes to it stays as it is. */
  readonly protect: <R extends Request, Rest extends unknown[]>(
    handler: (request: R, ...rest: Rest) => Response | Promise<Response>,
    ...guards: readonly FetchGuard[]
  ) => (request: R, ...rest: Rest) => Promise<Response>
  /**
   * The request's access token.
   *
   * @throws ConfigError unless every guard so far let the request through
   */
  readonly token: (request: Request) => Token
  /**
   * Serves the metadata of this resource server (RFC 9728) at its well-known path, and nothing else.
   * Ask it first: `serveMetadata(request) ?? …`; for every other request it gives nothing.
   *
   * @throws ConfigError where no `resource` is configured
   */
  readonly metadata: () => (request: Request) => Response | undefined
  /** The security scheme, and the scopes of guards, for an OpenAPI document. */
  readonly openapi: OpenApi<FetchGuard>
}

/**
 * Guards for hosts that speak the Fetch standard's `Request` and `Response`. They accept exactly the
 * tokens issued for this service. What they load imports nothing of Node, except on Node.
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
  const keeper = guardKeeper()
  const visit = visitor(gate)
  const refuse = refuser(gate)
  return {
    ...gate.guards(keeper.wrap),
    authenticate: (request, ...guards) =>
      visit(request, async () => {
        const response = await refuse(request, keeper.unwrap(guards))
        if (response) return { ok: false, response }
        // A getter: a preflight that was let through has no token, and this says so.
        return {
          ok: true,
          get token() {
            return gate.token(request)
          },
        }
      }),
    protect: (handler, ...given) => {
      const guards = keeper.unwrap(given)
      return (request, ...rest) =>
        visit(request, async () => (await refuse(request, guards)) ?? handler(request, ...rest))
    },
    token: (request) => gate.token(request),
    metadata: () => {
      const { pass: serve } = gate.metadata()
      return (request) => {
        const result = serve(fromFetch(request))
        return result.action === 'reply' ? new Response(result.reply.body, result.reply) : undefined
      }
    },
    openapi: gate.openapi(),
    ...gate.operations,
  }
}
