import type { Clock } from '../lib/clock.ts'
import type { Fetch } from '../lib/fetch-json.ts'
import type { JwtVerifier } from './other-jwt.ts'

/**
 * What the authorization server says about a token (RFC 7662 section 2.2). `claims` are the members of its
 * response, which core checks in the same way as those of a JWT. `unavailable`: the server did not give a usable
 * answer. The reason is for the operator and contains no secret.
 */
export type IntrospectionAnswer =
  | {
      readonly outcome: 'active'
      readonly claims: Readonly<Record<string, unknown>>
      readonly cached: boolean
      /** True if the answer is older than allowed, because the server is unavailable. */
      readonly stale?: boolean
    }
  | { readonly outcome: 'inactive'; readonly cached: boolean }
  | { readonly outcome: 'unavailable'; readonly reason: string; readonly retryAfter?: number }

/** The state of introspection at one issuer, for a health endpoint. Contains no secrets. */
export interface IntrospectionHealth {
  readonly issuer: string
  /** `unknown` until the first response. */
  readonly state: 'ok' | 'failing' | 'unknown'
  /** The number of requests to the endpoint since startup. */
  readonly requests: number
  /** The number of requests that failed. */
  readonly failures: number
  /** The number of cached answers. */
  readonly cached: number
  /** Why the last request failed. Absent if it succeeded. */
  readonly lastError?: string
}

/** What a verifier passes to `connect` when the verifier is created. */
export interface IntrospectionContext {
  readonly issuer: string
  /** The URL of the issuer's metadata, if it is configured. */
  readonly metadataUri: string | undefined
  /** The only kind of metadata to request. By default, both are tried. */
  readonly discovery: 'openid' | 'oauth' | undefined
  readonly allowInsecureHttp: boolean
  readonly clock: Required<Clock>
  /** In seconds. */
  readonly clockTolerance: number
  /** Fetches the metadata. */
  readonly fetch: Fetch
  /** Verifies signed responses (RFC 9701). */
  readonly verifyJwt: JwtVerifier
  /**
   * Prints a warning, unless the option `log` is `off`. The message must not contain tokens or secrets. Returns
   * whether it was printed.
   */
  readonly warn: (message: string) => boolean
}

/** Introspects the tokens of one issuer. */
export interface Introspector {
  /** Never rejects. Returns a promise only if there is something to wait for. */
  readonly introspect: (token: string) => IntrospectionAnswer | Promise<IntrospectionAnswer>
  readonly health: () => IntrospectionHealth
  readonly close: () => void
}

/**
 * How tokens are introspected: the issuer's option `introspection`, as returned by `introspect()`
 * from `@resource-server/introspection`.
 */
export interface Introspection {
  /** How opaque tokens from this issuer begin. With several issuers, the prefix selects one. */
  readonly prefix: string | undefined
  /**
   * What happens to JWTs from this issuer. `verify`: they are verified and not introspected. `introspect`:
   * they are introspected and not verified. `verify-and-introspect`: both must succeed.
   */
  readonly jwts: 'verify' | 'introspect' | 'verify-and-introspect'
  /**
   * What happens if the response has no `aud`. `accept`: the token counts as issued for the configured audience. Use
   * it only with servers that answer `active` only if the token is meant for the resource server that asks.
   */
  readonly missingAudience: 'refuse' | 'accept'
  /** Whether responses must be signed (RFC 9701), which requires the issuer's keys. */
  readonly signedResponses: boolean
  /**
   * Called once by each verifier.
   *
   * @throws ConfigError if the issuer's options don't work with introspection
   */
  readonly connect: (context: IntrospectionContext) => Introspector
}
