import type { AccessToken, Clock, ExpiringStore, IssuerOptions } from '@resource-server/core'
import type { ExchangeRecord } from '@resource-server/core/client'
import type { CryptoKey, CryptoKeyPair } from 'oauth4webapi'
import type { Dialect, DialectName } from './dialects.ts'

/**
 * How this service authenticates to the authorization server. Give it a `secret` or a `privateKey`, or set
 * `authentication`.
 */
export interface HopClient {
  /** The client ID of this service. */
  readonly id: string
  /** The client secret. Sent in the `Authorization` header, or in the body with `authentication: 'post'`. */
  readonly secret?: string
  /** The private key for `private_key_jwt` (RFC 7523), and its `kid` if the server needs one. */
  readonly privateKey?: CryptoKey | { readonly key: CryptoKey; readonly kid: string }
  /**
   * `basic` or `post` with a secret, `private_key_jwt` with a key, or:
   *
   * - `mtls`: with a certificate (RFC 8705). Pass a `fetch` that sends it.
   * - `none`: not at all. Whoever holds a token could then exchange it, so use it only if the server restricts
   *   exchanges in another way.
   *
   * Default `basic` with a secret, `private_key_jwt` with a key.
   */
  readonly authentication?: 'basic' | 'post' | 'private_key_jwt' | 'mtls' | 'none'
}

/** An authorization server that accepts identity assertions from the issuer. Experimental. */
export interface AssertionTarget {
  /** Its issuer URL, which becomes the audience of the assertion. */
  readonly issuer: string | IssuerOptions
  /** How this service authenticates there. */
  readonly client: HopClient
  /** The URL of its token endpoint. Default: the one in its metadata. */
  readonly tokenEndpoint?: string
}

/** Limits of the cache in memory. */
export interface HopCacheOptions {
  /** The maximum number of tokens. Default 10,000. */
  readonly maxTokens?: number
  /** The maximum size of the tokens, in bytes. Default 32 MiB. */
  readonly maxBytes?: number
}

/** A store that the instances of a service share. Tokens in it are encrypted. */
export interface HopStoreOptions {
  readonly store: ExpiringStore
  /**
   * At least 32 bytes, the same in all instances. Tokens are encrypted with a key that is derived from it
   * (A256GCM). The associated data is the cache key, so an entry cannot be moved to another user's key.
   */
  readonly secret: string | Uint8Array
}

/** How records identify users. */
export interface HopRecordOptions {
  /** As in `records` of a resource server: replaces the subject with its HMAC. At least 32 bytes. */
  readonly pseudonymKey: string | Uint8Array
}

/** Sends requests to the authorization server and to the next service. The global `fetch` has this type. */
export type HopFetch = (url: string, init: RequestInit) => Promise<Response>

/**
 * The options of `nextHop`. An option whose value is `undefined` causes a ConfigError, because it suggests a
 * missing environment variable.
 *
 * @example
 * ```ts
 * import type { NextHopOptions } from '@resource-server/exchange'
 *
 * export const options = (secret: string): NextHopOptions => ({
 *   issuer: 'https://as.example.com',
 *   client: { id: 'order-service', secret },
 *   audience: 'inventory-service',
 *   scope: 'stock:read',
 *   origin: 'https://inventory.internal',
 * })
 * ```
 */
export interface NextHopOptions {
  /**
   * The authorization server, as in `resourceServer`: its issuer URL, or a provider function such as
   * `keycloak(url)`. Only tokens from this issuer are exchanged, and only there.
   */
  readonly issuer: string | IssuerOptions
  readonly client: HopClient
  /** The audience of the new token: the name of the next service. A list if the server accepts several. */
  readonly audience?: string | readonly string[]
  /** The URI of the next service (RFC 8707), for servers that want it instead of `audience`. */
  readonly resource?: string | readonly string[]
  /** The scopes of the new token, as a string or a list. Default: what the server grants. */
  readonly scope?: string | readonly string[]
  /** The origin of the next service, such as `https://inventory.internal`. Required for `fetch`. */
  readonly origin?: string
  /** The URL of the token endpoint. Default: the one in the metadata of the issuer. */
  readonly tokenEndpoint?: string
  /** How the server exchanges tokens. Default: the dialect for the provider function in `issuer`, or `rfc8693`. */
  readonly dialect?: DialectName | Dialect
  /**
   * Whether to send a token of this service as the actor token. It is requested with the client credentials
   * grant, and renewed before it expires. Default: what the dialect specifies.
   */
  readonly actorToken?: boolean
  /**
   * Binds the new tokens to a key of this service (RFC 9449): `true` for a key that is created on first use, or
   * a key pair. `fetch` then sends proofs. Default: bearer tokens.
   */
  readonly dpop?: boolean | CryptoKeyPair
  /**
   * Experimental, and not covered by semantic versioning. For a next service whose tokens come from another
   * authorization server: `issuer` then issues an identity assertion for that server (ID-JAG,
   * draft-ietf-oauth-identity-assertion-authz-grant), which is exchanged there. `resource` and `scope` describe the
   * next service, and `audience` is not used.
   */
  readonly assertTo?: AssertionTarget
  /** Limits of the cache in memory. */
  readonly cache?: HopCacheOptions
  /** A second cache that the instances of this service share. Default: none. */
  readonly store?: HopStoreOptions
  /**
   * How long `fetch` waits for the headers of the next service's response, in seconds. It may wait up to a
   * tenth longer. Default 10. `false` leaves it to the `fetch` that sends the request: Node's gives up after
   * 5 minutes.
   */
  readonly timeout?: number | false
  /**
   * Whether the caller's token has been revoked since it was verified: `isRevoked` of a list from
   * `@resource-server/revocation`, for example. If so, it is not exchanged (`token_rejected`), and tokens that were
   * obtained in exchange for it are forgotten. Default: a verified token is used until it expires.
   */
  readonly isRevoked?: (token: AccessToken) => boolean
  /** Receives a record of each call. Nothing waits for it, and its errors are ignored. */
  readonly onExchange?: (record: ExchangeRecord) => unknown
  readonly records?: HopRecordOptions
  /**
   * What to print. Tokens are never printed. `warnings`: a warning if exchanges fail for a reason that only the
   * operator can fix, or if the store fails. `off`: nothing. Default `warnings`.
   */
  readonly log?: 'warnings' | 'off'
  /** Whether `http:` URLs are allowed on hosts other than this machine. Default false. */
  readonly allowInsecureHttp?: boolean
  /** Default: the global `fetch`. It must not follow redirects if `init.redirect` is `manual`. */
  readonly fetch?: HopFetch
  /** Default: the system clock. */
  readonly clock?: Clock
}
