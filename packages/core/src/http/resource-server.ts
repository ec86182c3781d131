import type { Guards } from '../guards/guards.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Operations } from '../verify/operations.ts'
import type { OpenApi } from './openapi.ts'

/**
 * What `resourceServer` returns in every adapter: the guards, the operations, and the members below. It can be
 * destructured, because nothing depends on `this`.
 *
 * @typeParam Handler The host's kind of middleware
 * @typeParam Request What the host calls a request
 * @typeParam C The custom claims that the issuer adds
 * @typeParam Token What `token` returns; includes `undefined` if anonymous requests are allowed
 * @typeParam MetadataHandler What `metadata` returns, if that is not a handler
 */
export interface ResourceServerBase<
  Handler,
  Request,
  C extends object = object,
  Token = AccessToken<C>,
  MetadataHandler = Handler,
>
  extends Guards<Handler, C>, Operations {
  /**
   * The request's access token, typed with your claims. It does not depend on a global type declaration.
   *
   * @throws ConfigError unless every guard so far let the request through
   */
  readonly token: (request: Request) => Token
  /**
   * Serves the metadata of this resource server (RFC 9728) at its well-known path, and nothing else. Mount it at
   * the root of the app, before the guards: `app.use(api.metadata())`.
   *
   * @throws ConfigError if no `resource` is configured
   */
  readonly metadata: () => MetadataHandler
  /** The security scheme, and the scopes of guards, for an OpenAPI document. */
  readonly openapi: OpenApi<Handler>
}
