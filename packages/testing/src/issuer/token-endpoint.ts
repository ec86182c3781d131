import type { JsonObject } from '../keys/signing-keys.ts'

/**
 * A client that may use the token endpoint of a test issuer: how it authenticates, and which tokens it may
 * request. It is plain data, and only what is listed is allowed.
 */
export interface TestClient {
  /** The secret, for HTTP Basic authentication or as a form parameter. */
  readonly secret?: string
  /** The public key as a JWK, for `private_key_jwt` (RFC 7523). */
  readonly publicKey?: JsonObject
  /**
   * Accepts the client without a secret or a key. For clients that authenticate with a certificate, which a test
   * issuer does not check because it has no TLS. Default false.
   */
  readonly unauthenticated?: boolean
  /**
   * The audiences and resources that the client may exchange tokens for (RFC 8693), each with the scopes that the
   * new tokens may have. Default: none. The client must be in the audience of the token that it exchanges.
   */
  readonly targets?: Readonly<Record<string, readonly string[]>>
}

/** A request that the token endpoint received. */
export interface TokenRequest {
  /** The client that the request names, or an empty string. */
  readonly client: string
  /** How the client authenticated. */
  readonly authentication: 'basic' | 'post' | 'assertion' | 'none'
  /** The decoded form, in order. A name may repeat. */
  readonly form: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A refusal by the token endpoint. */
export interface TokenRefusal {
  /** Default 400; 401 for `invalid_client`. */
  readonly status?: number
  /** The `error_description`. */
  readonly description?: string
  /** Members to add, such as `acr_values`. */
  readonly members?: JsonObject
}

/** A response to send unchanged. */
export interface RawReply {
  /** Default 200. */
  readonly status?: number
  /** Default: `application/json`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/**
 * The token endpoint of a test issuer. It exchanges tokens as in RFC 8693, and issues tokens to clients
 * (client credentials) for use as actor tokens. `stop()` and `delay()` of the issuer apply to it as well.
 */
export interface TokenEndpoint {
  /** Its URL. The metadata contains it as `token_endpoint`. */
  readonly url: string
  /** The requests so far, including refused ones. A snapshot. */
  readonly requests: readonly TokenRequest[]
  /**
   * Refuses every later exchange with this error.
   *
   * @example
   * ```ts
   * import { createTestIssuer } from '@resource-server/testing'
   *
   * const issuer = await createTestIssuer({ clients: { orders: { secret: 'a secret' } } })
   * issuer.tokenEndpoint.refuse('invalid_target', { description: 'stock is not enabled' })
   * issuer.tokenEndpoint.reset()
   * await issuer.close()
   * ```
   */
  refuse(error: string, refusal?: TokenRefusal): void
  /** Replaces members of every later successful response. A member that is `undefined` is omitted. */
  alter(members: JsonObject): void
  /** Sends this response to every later request. */
  reply(reply: RawReply): void
  /**
   * Requires this nonce in the DPoP proofs of later requests (RFC 9449 section 8). A request without it gets
   * `use_dpop_nonce`.
   */
  requireNonce(nonce: string): void
  /**
   * Accepts identity assertions (ID-JAG) from this issuer. The token endpoint of the other issuer creates them if
   * a client requests a token of that type for the URL of this issuer, which must be one of that client's targets.
   */
  trust(issuer: { readonly url: string; readonly key: { readonly publicJwk: JsonObject } }): void
  /** Refuses exchanges of this token from now on. */
  revoke(token: string): void
  /**
   * Undoes `refuse`, `alter`, `reply`, and `requireNonce`. Revoked tokens stay revoked, and trusted issuers stay
   * trusted.
   */
  reset(): void
}
