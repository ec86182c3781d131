import type { Algorithm } from './algorithms.ts'
import type { Clock } from '../lib/clock.ts'
import type { CredentialSource } from './credential-source.ts'
import type { Fetch } from '../lib/fetch-json.ts'
import type { Introspection } from './introspection.ts'
import type { KeyStoreOptions } from './key-store.ts'
import type { Profile } from './profile.ts'
import type { ReplayStore } from './replay-store.ts'
import type { Revocation } from './revocation.ts'
import type { DecisionRecord } from './decision-record.ts'
import type { RefusalBodyWriter } from '../errors/problem-details.ts'

/**
 * The names of this service. With a string or a list, the token's `aud` must contain at least one of the
 * names. With `{ only }`, it must contain no other audience. The comparison is exact and case-sensitive:
 * no prefixes, no URL normalization (RFC 7519 section 4.1.3, RFC 9068 section 4).
 *
 * @example
 * import type { Audience } from '@resource-server/core'
 *
 * export const oneName: Audience = 'order-service'
 * export const anyOf: Audience = ['order-service', 'https://orders.example.com']
 * export const noOther: Audience = { only: 'order-service' }
 */
export type Audience = string | readonly string[] | { readonly only: string | readonly string[] }

/** Limits for the cache of verified tokens. Neither is ever exceeded. */
export interface CacheOptions {
  /** The maximum number of cached tokens, from 2 to 10,000,000. Default 10,000. */
  readonly maxTokens?: number
  /**
   * The maximum memory for cached tokens, in bytes, from 65,536 to 17,179,869,184 (16 GiB). It is
   * estimated from the claims of the tokens. Default 33,554,432 (32 MiB).
   */
  readonly maxBytes?: number
}

/**
 * Which tokens are accepted, depending on whether they name an actor in `act` (RFC 8693 section 4.1).
 *
 * - `any`: tokens with and without an actor.
 * - `direct`: only tokens without an actor.
 * - `delegated`: only tokens with an actor.
 */
export type DelegationMode = 'any' | 'direct' | 'delegated'

/**
 * One authorization server, and how its tokens are verified.
 *
 * @example
 * import type { IssuerOptions } from '@resource-server/core'
 *
 * export const partner: IssuerOptions = {
 *   issuer: 'https://login.partner.example',
 *   audience: 'https://orders.example.com',
 *   algorithms: ['ES256'],
 * }
 */
export interface IssuerOptions {
  /**
   * The issuer identifier, exactly as in the `iss` of its tokens. A trailing slash matters. Without
   * `metadataUri`, `jwksUri`, and `jwks`, it must be an `https` URL without user information, query, or fragment
   * (RFC 8414 section 2). With one of them, it can be any string. `http` URLs are allowed for loopback hosts, and for
   * other hosts with `allowInsecureHttp`.
   */
  readonly issuer: string
  /** The names of this service in tokens from this issuer. Default: the `audience` of all issuers. */
  readonly audience?: Audience
  /**
   * The accepted signature algorithms (RFC 7518 section 3.1, RFC 8037). Default: RS256, PS256, ES256, ES384,
   * and EdDSA. ML-DSA needs Node.js 24.7 or newer. Symmetric algorithms are not supported. An RSA key without `alg`
   * is used for every RS algorithm in the list, and for PS algorithms only if the list has no RS algorithm.
   */
  readonly algorithms?: readonly Algorithm[]
  /**
   * Scopes that imply others: `{ admin: ['orders:read', 'stock:*'] }`. An implied name that ends in `*`
   * means all scopes with that prefix. A `:`, `.`, or `/` must precede the `*`. Default: no scope
   * implies another.
   */
  readonly impliedScopes?: Readonly<Record<string, readonly string[]>>
  /**
   * What this issuer's access tokens look like. Default: a profile that accepts the default tokens of
   * every supported provider. `'rfc9068'` accepts only tokens that conform to RFC 9068. `keycloak(url)` and
   * the other provider functions set the provider's profile, which is stricter than the default.
   */
  readonly profile?: 'rfc9068' | Profile
  /**
   * The URL of the issuer's metadata, if this service cannot reach it at the issuer's own URL, for example
   * if the issuer's URL is public and this service uses an internal address. The `issuer` in the metadata must still
   * be exactly the configured one. The rules for `http` are the same as for `issuer`. Cannot be combined with
   * `jwksUri` or `jwks`. Default: the well-known URLs of the issuer (OpenID Connect Discovery, then RFC 8414).
   *
   * @example
   * import type { IssuerOptions } from '@resource-server/core'
   *
   * export const shop: IssuerOptions = {
   *   issuer: 'https://login.example.com/realms/shop',
   *   metadataUri: 'https://keycloak.internal/realms/shop/.well-known/openid-configuration',
   * }
   */
  readonly metadataUri?: string
  /**
   * The URL of the key set. The rules for `http` are the same as for `issuer`. Cannot be combined with
   * `metadataUri` or `jwks`. Default: the `jwks_uri` in the issuer's metadata.
   */
  readonly jwksUri?: string
  /**
   * A fixed key set (RFC 7517 section 5) of 1 to 100 public keys. If set, nothing is fetched. Cannot be
   * combined with `metadataUri` or `jwksUri`. Throws a `ConfigError` if no key in it can be used. A key without
   * `kid`, such as one from a PEM file, is used for tokens whose `kid` does not match another key.
   */
  readonly jwks?: { readonly keys: readonly object[] }
  /**
   * Asks the issuer about its tokens (RFC 7662): the result of `introspect()` from `@resource-server/introspection`.
   * Opaque tokens are always introspected, and JWTs only if the options of `introspect()` say so. With several
   * issuers, it needs a prefix. Not available for issuers that `resolveIssuer` returns. Default: opaque tokens are
   * refused.
   */
  readonly introspection?: Introspection
}

/** An issuer with its profile, as returned by `keycloak(url)` and the other provider functions. */
export interface ProviderIssuer extends IssuerOptions {
  readonly profile: Profile
}

/**
 * What decision records include and redact.
 *
 * @example
 * import type { RecordOptions } from '@resource-server/core'
 *
 * export const records = (pseudonymKey: string): RecordOptions => ({
 *   pseudonymKey,
 *   claims: ['tenant'],
 * })
 */
export interface RecordOptions {
  /**
   * Replaces personal identifiers in records with their HMAC-SHA-256 under this key. These are the subject
   * and every actor that is not known to be a client. Records then also omit the path of the request. The
   * key must be at least 32 bytes long. Compute a pseudonym with `pseudonymize()`. Default: nothing is replaced.
   */
  readonly pseudonymKey?: string | Uint8Array
  /**
   * Names of claims to include in records, such as `['tenant']`. They are copied unchanged, even if
   * `pseudonymKey` is set. `act` is not allowed, because `chain` contains the actors. Default: none.
   */
  readonly claims?: readonly string[]
  /**
   * How many promises returned by `onDecision` may be pending at a time, from 1 to 100,000. Beyond that,
   * records are dropped. Default 1000.
   */
  readonly maxPending?: number
}

/**
 * How DPoP proofs are verified (RFC 9449).
 *
 * @example
 * import type { DpopOptions } from '@resource-server/core'
 *
 * export const dpop = (nonceSecret: string): DpopOptions => ({ mode: 'required', nonceSecret })
 */
export interface DpopOptions {
  /**
   * `allowed`: both tokens that are bound with DPoP and tokens that are not. `required`: only tokens that are bound
   * with DPoP. Default `allowed`.
   */
  readonly mode?: 'allowed' | 'required'
  /**
   * The accepted signature algorithms of proofs. Default: ES256, EdDSA, RS256, and PS256. Proofs with
   * ML-DSA-65 and ML-DSA-87 are larger than 8 KiB: see docs/bound-tokens.md.
   */
  readonly algorithms?: readonly Algorithm[]
  /**
   * The maximum age of a proof, in seconds, from 1 to 300. `clockTolerance` is added. Default 60. It does
   * not apply if `nonceSecret` is set: the age of the nonce is checked instead, and is limited to 120 seconds.
   */
  readonly maxAge?: number
  /**
   * The maximum number of used proofs that are kept in memory, from 2 to 10,000,000. At most half of them can come
   * from one key. If there are more, requests are answered with 503. Default 100,000.
   */
  readonly maxProofs?: number
  /**
   * Remembers used proofs, in place of this process's memory. Set it if several instances serve the same clients:
   * otherwise a proof can be used once on each instance.
   */
  readonly store?: ReplayStore
  /**
   * Requires a nonce in each proof (RFC 9449 section 9), so that a client cannot make proofs in advance.
   * A string of at least 32 characters that all instances share. With a list, nonces from every secret
   * are accepted, and new ones are issued with the first secret. Default: no nonces. Not available in
   * `createVerifier`.
   */
  readonly nonceSecret?: string | readonly string[]
}

/**
 * Where the client's certificate comes from, for tokens that are bound to one (RFC 8705 section 3).
 *
 * - `{ from: 'socket' }`: from the TLS connection of the request. The server must request certificates.
 * - `{ from: 'header', … }`: from a header that a proxy sets. `peers` names the proxies: IP addresses, blocks such as
 *   `10.1.0.0/16`, or `unix` for a Unix domain socket. The header is ignored if it comes from any other peer. The
 *   proxy must remove the header from the requests that clients send. `rfc9440` is the `Client-Cert` header, and
 *   `xfcc` is Envoy's `X-Forwarded-Client-Cert`. For `nginx-pem`, set `header` to the name of the header that
 *   contains `$ssl_client_escaped_cert`.
 * - `{ checkedBy: 'gateway' }`: nothing is checked here. Only for services whose gateway compares the certificate
 *   with each token, and that clients can reach only through that gateway. A warning is printed at startup, and each
 *   record says that the binding was not checked.
 *
 * @example
 * import type { MtlsOptions } from '@resource-server/core'
 *
 * export const mtls: MtlsOptions = { from: 'header', format: 'rfc9440', peers: ['10.0.0.5'] }
 */
export type MtlsOptions =
  | { readonly from: 'socket' }
  | {
      readonly from: 'header'
      readonly format: 'rfc9440' | 'xfcc' | 'nginx-pem'
      readonly header?: string
      readonly peers: readonly string[]
    }
  | { readonly checkedBy: 'gateway' }

/**
 * What a proxy in front of the service does with the path of a request. `stripped`: it removes the path of
 * `publicUrl`. `kept`: it leaves the path as it is. `added:/internal`: it puts `/internal` in front.
 */
export type ProxyPrefix = 'stripped' | 'kept' | `added:/${string}`

/**
 * How access tokens are verified, with or without HTTP. Set `issuer` or `issuers`. You can set
 * `resolveIssuer` in addition or instead. `audience`, `algorithms`, `profile`, and `impliedScopes` apply to
 * every issuer that does not set its own.
 *
 * An unknown option or an option whose value is `undefined` throws a `ConfigError`. The usual causes are a
 * typo and a missing environment variable.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 *
 * export const verifier = createVerifier({
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   maxLifetime: 600,
 * })
 */
export interface VerifierOptions extends Partial<Omit<IssuerOptions, 'issuer'>> {
  /** The authorization server: its issuer identifier, or the result of a function like `keycloak(url)`. */
  readonly issuer?: string | IssuerOptions
  /**
   * Several authorization servers, instead of `issuer`. A string is short for `{ issuer }`. The `iss` of a
   * token selects one by exact match, and only the keys of that issuer can verify the token.
   */
  readonly issuers?: readonly (string | IssuerOptions)[]
  /**
   * Looks up an issuer that is not known in advance, such as one per tenant. It is called with the `iss` of
   * a token that is not verified yet, before anything is fetched. Return the options of the issuer, with
   * `issuer` equal to the argument, or `undefined` to refuse the token. If it throws or rejects, or returns
   * a different issuer, the token cannot be verified, and the response is 503. The result is cached for one minute.
   *
   * The argument is chosen by the caller, so match it exactly: look it up in a list, or match the whole
   * string. It is always a normalized URL of at most 512 characters: `https` (or `http` if that is allowed),
   * the host in lowercase, and no user information, default port, escape sequence, dot segment, empty segment, query,
   * or fragment. Tokens with any other `iss` are refused.
   *
   * @example
   * import { createVerifier } from '@resource-server/core'
   *
   * const tenants = new Set(['acme', 'globex'])
   * export const verifier = createVerifier({
   *   audience: 'order-service',
   *   resolveIssuer: (issuer) => {
   *     const tenant = /^https:\/\/login\.example\.com\/([a-z]+)$/.exec(issuer)?.[1]
   *     return tenant !== undefined && tenants.has(tenant) ? { issuer } : undefined
   *   },
   * })
   */
  readonly resolveIssuer?: (
    issuer: string,
  ) => IssuerOptions | undefined | Promise<IssuerOptions | undefined>
  /**
   * The maximum number of issuers from `resolveIssuer` whose keys are kept, from 1 to 10,000. An
   * issuer that has no keys is dropped first, then the least recently used one. Default 100.
   */
  readonly maxResolvedIssuers?: number
  /**
   * Allowed clock skew for `exp` and `nbf`, in seconds, from 0 to 600. Default 5 (RFC 7519 sections 4.1.4
   * and 4.1.5).
   */
  readonly clockTolerance?: number
  /**
   * The maximum lifetime of a token, in seconds, at least 1. It is measured from `iat` to `exp`, or from
   * now if `iat` is in the future. Default: no limit.
   */
  readonly maxLifetime?: number
  /**
   * Refuses tokens that were revoked before they expired, for example with the list from
   * `@resource-server/revocation`. It is consulted for each token that passed all other checks, cached or not.
   * Requires `maxLifetime`, unless the source says otherwise. Default: a token is accepted until it expires.
   */
  readonly revocation?: Revocation
  /** The maximum length of a token, in bytes, from 256 to 1,000,000. Default 8192. */
  readonly maxTokenBytes?: number
  /**
   * The maximum number of actors in a token, both current and prior (RFC 8693 section 4.1). From 1 to 16.
   * Default 8.
   */
  readonly maxActorDepth?: number
  /**
   * Whether tokens may or must name an actor. Default `any`. A token without `act` may still come from a
   * token exchange, because some servers do not write `act`.
   */
  readonly delegation?: DelegationMode
  /**
   * Tokens that are bound to the client's key with DPoP (RFC 9449). `allowed` accepts them with a valid proof,
   * `required` accepts nothing else, and `off` refuses them. Default: `allowed` if `publicUrl` or `resource` says
   * which URL clients use, and in `createVerifier`, which does not need the URL. `off` otherwise.
   */
  readonly dpop?: 'allowed' | 'required' | 'off' | DpopOptions
  /**
   * Tokens that are bound to a client certificate (RFC 8705 section 3). Default: they are refused.
   */
  readonly mtls?: MtlsOptions
  /**
   * Whether to cache the result of verifying a token, so that the signature is not verified again. Default true. Only
   * valid tokens are cached, from their second use on. They are identified by their SHA-256 hash; the token itself is not
   * stored. Expiry and audience are checked on every use. The cached result is no longer used once the issuer stops
   * publishing the key. `false` turns the cache off. It is always off in runtimes without a synchronous SHA-256.
   */
  readonly cache?: boolean | CacheOptions
  /**
   * The cryptography that verifies signatures. `native` uses `node:crypto` if the runtime has it, and
   * WebCrypto otherwise. `webcrypto` always uses WebCrypto. Both accept the same signatures; `native` is
   * faster. Default `native`.
   */
  readonly cryptography?: 'native' | 'webcrypto'
  /**
   * Receives a record of each decision, after the response is sent. It cannot delay or change the response.
   * If it throws or rejects, or if too many of its promises are pending, the record is dropped. `lost` in a
   * later record is the number of dropped records.
   *
   * @example
   * import { createVerifier } from '@resource-server/core'
   *
   * export const verifier = createVerifier({
   *   issuer: 'https://as.example.com',
   *   audience: 'order-service',
   *   onDecision: (record) => console.log(record.outcome, record.code, record.reason),
   * })
   */
  readonly onDecision?: (record: DecisionRecord) => unknown
  /** What decision records include and redact. */
  readonly records?: RecordOptions
  /**
   * What is printed, without any token:
   *
   * - `warnings`: a warning when an issuer's keys become unavailable and when they are available again, and if a
   *   mistake in the setup causes every token to be refused. At most ten per minute. On Node, they are process
   *   warnings of the type `ResourceServerWarning`; elsewhere, they go to `console.warn`.
   * - `refusals`: also one line on stderr for each refusal, with its reason. The environment variable
   *   `NODE_DEBUG=resource-server` does the same.
   * - `off`: nothing, regardless of `NODE_DEBUG`.
   *
   * Default `warnings`.
   *
   * @example
   * import { createVerifier } from '@resource-server/core'
   *
   * export const verifier = createVerifier({
   *   issuer: 'https://as.example.com',
   *   audience: 'order-service',
   *   log: 'refusals',
   * })
   */
  readonly log?: 'warnings' | 'refusals' | 'off'
  /**
   * Whether issuers and key sets may use `http` on hosts other than loopback. Default false. Anyone on the
   * network path can then replace the keys and forge tokens.
   */
  readonly allowInsecureHttp?: boolean
  /**
   * How long the last key set is used after it becomes stale, if the issuer cannot be reached (RFC 5861 section 4).
   * In seconds, from 0 to 86,400. Default 3600. A key that the issuer withdraws during the outage is accepted until
   * that time has passed.
   */
  readonly staleIfError?: number
  /**
   * The maximum `Cache-Control: max-age` of a key set. In seconds, from 300 to 86,400. Default 600. A key that the
   * issuer withdraws is accepted until that time has passed. A key set without `max-age` is fresh for 5 minutes, and
   * so is one with `no-store`, `no-cache`, or a `max-age` of less than a minute.
   */
  readonly maxKeySetAge?: number
  /**
   * Stores the last good key set of each issuer, so that a service that starts during an outage has keys. A
   * stored set is never used longer than a running process would use it. Default: no store.
   */
  readonly keyStore?: KeyStoreOptions
  /** The source of time. Default: the system's clocks. Tests can pass their own. */
  readonly clock?: Clock
  /** Fetches metadata and key sets, for example through a proxy. Default: the global `fetch`. */
  readonly fetch?: Fetch
}

/**
 * The options of an adapter, such as `resourceServer()` for Express: how tokens are verified, and how
 * requests are answered.
 *
 * @example
 * import type { ResourceServerOptions } from '@resource-server/core'
 *
 * export const options: ResourceServerOptions = {
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   resource: 'https://orders.example.com',
 *   allowPreflight: true,
 * }
 */
export interface ResourceServerOptions extends VerifierOptions {
  /**
   * Where a request carries its token, if not in `Authorization`: `fromCookie('__Host-session')` or
   * `fromHeader('Cf-Access-Jwt-Assertion')`. The token is then read only from there: a request with only
   * `Authorization` is refused with 401, and a request with both, or with two values, with 400. Tokens that are bound
   * to a key are refused, so `dpop` and `mtls` cannot be combined with it, and neither can `ignoreOtherSchemes`.
   * Default: `Authorization` (RFC 6750 section 2.1).
   *
   * Read docs/credentials.md before you accept cookies: browsers also send them with requests from other
   * sites.
   *
   * @example
   * import { fromCookie, type ResourceServerOptions } from '@resource-server/core'
   *
   * export const options: ResourceServerOptions = {
   *   issuer: 'https://as.example.com',
   *   audience: 'order-service',
   *   credential: fromCookie('__Host-session'),
   * }
   */
  readonly credential?: CredentialSource
  /**
   * Whether a request without an `Authorization` header passes `requireAudience` as anonymous. Default
   * false. A request with an invalid token is still refused, and every other guard refuses anonymous
   * requests.
   */
  readonly optional?: boolean
  /**
   * Whether `optional` also applies to requests whose `Authorization` header uses another scheme, such as
   * `Basic`, that other code in this service verifies. Such a request passes `requireAudience` as anonymous. `Bearer`
   * without a valid token, several credentials, and a header without a scheme are still refused. Requires `optional`.
   * Default false: another scheme is refused with 401.
   *
   * @example
   * import { createGate } from '@resource-server/core/adapter'
   *
   * export const gate = createGate({
   *   issuer: 'https://as.example.com',
   *   audience: 'order-service',
   *   optional: true,
   *   ignoreOtherSchemes: true,
   * })
   */
  readonly ignoreOtherSchemes?: boolean
  /**
   * What happens to a refused request. `reply` sends the response. `throw` passes an error to the host's
   * error handling. Default `reply`.
   */
  readonly onRefusal?: 'reply' | 'throw'
  /**
   * Whether CORS preflights pass without a token. A preflight is an `OPTIONS` request with `Origin` and
   * `Access-Control-Request-Method`, and without `Authorization`. Default false.
   *
   * Middleware that overrides the method, such as `method-override`, must run before the guards. If it runs after
   * them, it could turn a preflight that has passed into a `DELETE` without a token.
   */
  readonly allowPreflight?: boolean
  /** The `realm` of challenges, in ASCII (RFC 9110 section 11.5). Default `api`. */
  readonly realm?: string
  /**
   * The URL that clients use to reach this service: its resource identifier (RFC 9728 section 1.2). If set,
   * challenges contain the URL of the service's metadata, and the adapter can serve that metadata. It is not
   * an audience: tokens are checked against `audience` only. Default: none.
   */
  readonly resource?: string
  /**
   * The URLs that clients use to reach this service: one or more origins, each followed by the path prefix
   * that clients use, if any. DPoP proofs are compared with them. If one of them has a path, set `prefix` too. Default:
   * the origin of `resource`. `Host` and `X-Forwarded-*` are never used.
   *
   * @example
   * import type { ResourceServerOptions } from '@resource-server/core'
   *
   * export const behindProxy: ResourceServerOptions = {
   *   issuer: 'https://as.example.com',
   *   audience: 'order-service',
   *   publicUrl: 'https://api.example.com/orders',
   *   prefix: 'stripped',
   * }
   */
  readonly publicUrl?: string | readonly string[]
  /** What a proxy does with the path of a request. Required if `publicUrl` has a path. */
  readonly prefix?: ProxyPrefix
  /**
   * Returns the bodies of refusals, such as an HTML page or your own JSON format. It is also called once when the
   * server is created, and an invalid body then causes a `ConfigError`. Cannot be used if `onRefusal` is `throw`.
   * Default: `application/problem+json` (RFC 9457).
   */
  readonly refusalBody?: RefusalBodyWriter
}
