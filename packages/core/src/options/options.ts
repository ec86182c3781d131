import type { Algorithm } from './algorithms.ts'
import type { Clock } from '../lib/clock.ts'
import type { Fetch } from '../lib/fetch-json.ts'
import type { KeyStoreOptions } from './key-store.ts'
import type { Profile } from './profile.ts'
import type { DecisionRecord } from './decision-record.ts'
import type { RefusalBodyWriter } from '../errors/problem-details.ts'

/**
 * The names that this service goes by. A name or a list: the token's `aud` holds one of them.
 * `{ only }`: it holds nothing else besides. Compared exactly, letter by letter (RFC 9068 section 4).
 */
export type Audience = string | readonly string[] | { readonly only: string | readonly string[] }

/** How much of verified tokens is kept. Both bounds hold at any time. */
export interface CacheOptions {
  /** Tokens that are remembered. Default 10 000, at least 2. */
  readonly maxTokens?: number
  /** Bytes that they may take up, estimated from their length. Default 33 554 432 (32 MiB). */
  readonly maxBytes?: number
}

export type DelegationMode = 'any' | 'direct' | 'delegated'

/** One authorization server and how its tokens are judged. */
export interface IssuerOptions {
  /** The issuer identifier, exactly as in the tokens' `iss`: a trailing slash counts. */
  readonly issuer: string
  /** Default: the audience of the whole resource server. */
  readonly audience?: Audience
  /** Default RS256, PS256, ES256, ES384 and EdDSA. Symmetric algorithms cannot be had. */
  readonly algorithms?: readonly Algorithm[]
  /**
   * Scopes that imply others: `{ admin: ['orders:read'], 'orders:*': ['orders:*'] }`. On the right side,
   * a name that ends in `*` stands for all scopes that begin so. Default: no scope implies another.
   */
  readonly impliedScopes?: Readonly<Record<string, readonly string[]>>
  /** Default: takes every provider's usual tokens. `'rfc9068'` is strict. See `keycloak` and others. */
  readonly profile?: 'rfc9068' | Profile
  /** Where the key set is. Default: found by discovery (OIDC, then RFC 8414). */
  readonly jwksUri?: string
  /** A fixed key set (RFC 7517 section 5) instead of a fetched one. */
  readonly jwks?: { readonly keys: readonly object[] }
}

/** What `keycloak(url)` and the other providers return: an issuer with its profile. */
export interface ProviderIssuer extends IssuerOptions {
  readonly profile: Profile
}

/** What decision records hold beside the usual, and what they hide. */
export interface RecordOptions {
  /**
   * Hashes whoever may be a person, by HMAC-SHA-256 under this key of 32 bytes or more: the subject,
   * and actors that are not known to be clients. The request's path is left out. Default: no hashing.
   */
  readonly pseudonymKey?: string | Uint8Array
  /** Names of claims that records hold besides, such as `['tenant']`. Default: none. */
  readonly claims?: readonly string[]
  /** Promises of `onDecision` that may be open at a time. Default 1000, at most 100000. */
  readonly maxPending?: number
}

/** How access tokens are judged, wherever they come from. */
export interface VerifierOptions extends Partial<Omit<IssuerOptions, 'issuer'>> {
  /** The authorization server: its issuer identifier, or what `keycloak(url)` and others return. */
  readonly issuer?: string | IssuerOptions
  /** Several authorization servers, instead of `issuer`. A string stands for `{ issuer }`. */
  readonly issuers?: readonly (string | IssuerOptions)[]
  /**
   * For issuers that are not known in advance, one for each tenant. Asked about the `iss` of a token that
   * nobody verified yet, before anything is fetched; the answer counts for a minute. `undefined` refuses
   * it. Otherwise return the issuer's options, with `issuer` as it was asked. Be exact: compare with a
   * list, or match the whole string. What it throws or rejects is no verdict: 503.
   *
   * It is asked about plainly spelled issuers only: https, lower-case host, no user, port 443, escape, dot or
   * empty segment, query or fragment.
   */
  readonly resolveIssuer?: (
    issuer: string,
  ) => IssuerOptions | undefined | Promise<IssuerOptions | undefined>
  /** Such issuers whose keys are held at one time; the least recently used goes. Default 100, at most 10 000. */
  readonly maxResolvedIssuers?: number
  /** Seconds by which `exp` and `nbf` may be missed. Default 5, at most 600. */
  readonly clockTolerance?: number
  /** Seconds that a token may live, from `iat` to `exp` and from now. Default: no limit. */
  readonly maxLifetime?: number
  /** Bytes of the longest token that is looked at. Default 8192. */
  readonly maxTokenBytes?: number
  /** Actors that an `act` chain may hold. Default 8, at most 16. */
  readonly maxActorDepth?: number
  /**
   * Whether tokens may name an actor (RFC 8693 section 4.1). Default `'any'`. An absent `act` does
   * not prove that nobody exchanged the token: some servers exchange without writing one.
   */
  readonly delegation?: DelegationMode
  /**
   * Whether a token that was verified twice is recognized from then on. Only valid tokens are
   * remembered, by their SHA-256; the token itself is not kept. Time and audience are judged anew at
   * each use, and a token is verified anew once its key is no longer the issuer's. Default on. `false`
   * turns it off; where a runtime has no synchronous SHA-256, it is off in any case.
   */
  readonly cache?: boolean | CacheOptions
  /**
   * What verifies signatures. `native` (default): `node:crypto` where there is one, and WebCrypto
   * elsewhere. Both accept the same signatures; the first takes less time.
   */
  readonly cryptography?: 'native' | 'webcrypto'
  /**
   * Gets a record of each decision, after the answer has gone out. It is never waited for. What it
   * does not take (it throws, it rejects, too many promises of its are open) is lost, and the next
   * record says how many were.
   */
  readonly onDecision?: (record: DecisionRecord) => unknown
  /** What records hold and hide. */
  readonly records?: RecordOptions
  /** Default false: an `http:` issuer or key set is taken on loopback only. */
  readonly allowInsecureHttp?: boolean
  /**
   * Seconds for which the last key set serves beyond its freshness where the issuer cannot be asked.
   * Default 3600, at most 86400. A key that the issuer took away meanwhile serves as long.
   */
  readonly staleIfError?: number
  /**
   * Keeps the last good key set of each issuer, so that a service which starts in an outage has keys. A
   * stored set serves as long as it would have in a process that did not stop. Default: none.
   */
  readonly keyStore?: KeyStoreOptions
  /** Default: the system's clocks. A test passes its own. */
  readonly clock?: Clock
  /** Default: the global `fetch`. For proxies and mutual TLS. */
  readonly fetch?: Fetch
}

/** What a host's adapter takes. */
export interface ResourceServerOptions extends VerifierOptions {
  /**
   * Default false. True lets requests without an Authorization header pass `requireAudience` as
   * anonymous. A bad token is refused all the same, and every other guard refuses the anonymous.
   */
  readonly optional?: boolean
  /** `reply` (default) answers refusals; `throw` hands them to the host's error handling. */
  readonly onRefusal?: 'reply' | 'throw'
  /** Default false. True lets CORS preflights pass without a token. */
  readonly allowPreflight?: boolean
  /** The challenge's `realm` (RFC 9110 section 11.5). Default `api`. */
  readonly realm?: string
  /**
   * The URL by which clients reach this service: its resource identifier (RFC 9728 section 1.2). With
   * it, challenges name where its metadata is, and the adapter can serve that. Default: none. It is
   * not an audience: tokens are judged by `audience` alone.
   */
  readonly resource?: string
  /**
   * Writes the bodies of refusals, such as a page or an envelope of your own. It is called once at the
   * start, so that a mistake shows there. Default: `application/problem+json` (RFC 9457).
   */
  readonly refusalBody?: RefusalBodyWriter
}
