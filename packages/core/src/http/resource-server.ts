import type { Guards } from '../guards/guards.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Operations } from '../verify/operations.ts'
import type { OpenApi } from './openapi.ts'

/**
 * The return value of `resourceServer` in every adapter: the guards, the operations, and the members below. It
 * can be destructured, because nothing depends on `this`.
 *
 * @typeParam Handler The host's type of middleware
 * @typeParam Request The host's type of request
 * @typeParam C The custom claims that the issuer adds
 * @typeParam Token The return type of `token`; includes `undefined` if anonymous requests are allowed
 * @typeParam MetadataHandler The return type of `metadata`, if it is not `Handler`
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
   * Returns the request's access token, typed with your claims, without a global type declaration.
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
