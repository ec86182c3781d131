/// <reference lib="esnext.disposable" preserve="true" />
import type { Algorithm } from '@resource-server/core'
import type { JsonObject, SigningKey } from '../keys/signing-keys.ts'
import type { TestClock } from '../test-clock.ts'
import type { LogoutTokenOptions } from '../tokens/logout-token.ts'
import type { IntrospectionEndpoint, OpaqueTokenOptions } from './introspection.ts'
import type { DpopClient, DpopClientOptions } from '../tokens/dpop-client.ts'
import type { Forgeries } from '../tokens/forgeries.ts'
import type { ProviderId } from '../tokens/providers.ts'
import type { RawToken } from '../tokens/sign.ts'
import type { IdTokenOptions, TokenOptions } from '../tokens/token-options.ts'
import type { Discovery } from './metadata.ts'
import type { OutageMode } from './outage.ts'
import type { RequestCounts } from './server.ts'
import type { TestClient, TokenEndpoint } from './token-endpoint.ts'

/** The options of a test issuer. Every option has a default. */
export interface TestIssuerOptions {
  /**
   * The issuer identifier, if it differs from the URL where the issuer is served. For testing a service that reaches a
   * public issuer at an internal address. Default: the served URL.
   */
  readonly issuer?: string
  /**
   * The path where the issuer is served, such as `/realms/test`. Default: the path of `issuer`, or no
   * path. With `/`, the identifier ends in a slash, as Auth0's does.
   */
  readonly path?: string
  /** The port on 127.0.0.1. Default: a free port. */
  readonly port?: number
  /**
   * The signature algorithm. Default `ES256`, because its keys are generated a hundred times faster than
   * RSA keys.
   */
  readonly algorithm?: Algorithm
  /**
   * The first signing key, with its own algorithm. It is plain data, so a process can store it as JSON, and another
   * one can use it to issue tokens that are valid in both. Default: a new key.
   *
   * @example
   * ```ts
   * import { createSigningKey, createTestIssuer } from '@resource-server/testing'
   *
   * const key = createSigningKey('ES256', 'local-1')
   * const issuer = await createTestIssuer({ port: 4400, key })
   * await issuer.close()
   * ```
   */
  readonly key?: SigningKey
  /** The clock that dates the tokens. Default: a new clock. Two issuers can share one. */
  readonly clock?: TestClock
  /** The provider whose tokens and key set to imitate. Default `rfc9068`. */
  readonly provider?: ProviderId
  /** The metadata to serve. Default `both`. The key set is always served. */
  readonly discovery?: Discovery
  /** Members to add to the metadata, or to replace in it. A member that is `undefined` is omitted. */
  readonly metadata?: JsonObject
  /**
   * Whether the metadata and the key set have an `ETag`, so that a request with a matching `If-None-Match` gets
   * status 304. Default false.
   */
  readonly etag?: boolean
  /**
   * The clients that may use the token endpoint, by client ID. Default: the issuer has no token endpoint.
   *
   * @example
   * ```ts
   * import { createTestIssuer } from '@resource-server/testing'
   *
   * const clients = { 'order-service': { secret: 's3cret', targets: { stock: ['stock:read'] } } }
   * const issuer = await createTestIssuer({ clients })
   * await issuer.close()
   * ```
   */
  readonly clients?: Readonly<Record<string, TestClient>>
}

/**
 * An authorization server for tests, on 127.0.0.1. Its metadata, key set, and signatures are real, so
 * the code under test runs without mocks.
 *
 * It issues any token that a test asks for. It has no login. With `clients`, it has a token endpoint that exchanges
 * tokens (RFC 8693) according to the policy in that option.
 */
export interface TestIssuer extends AsyncDisposable {
  /** The issuer identifier: the `iss` of its tokens, and the `issuer` option of the code under test. */
  readonly url: string
  /** Where it is served, such as `http://127.0.0.1:50000`. Differs from `url` if `issuer` is set. */
  readonly origin: string
  /** The URL of the key set, at `origin`. The metadata contains it as `jwks_uri`. */
  readonly jwksUri: string
  /** The URL of the OpenID Connect metadata, at `origin`. */
  readonly metadataUri: string
  /** The clock that dates the tokens. Pass it on: `resourceServer({ clock: issuer.clock })`. */
  readonly clock: TestClock
  /**
   * The current signing key. The keys of every issuer are named `key-1`, `key-2`, and so on, so two
   * issuers have different keys with the same `kid`. A verifier that confuses them fails the test.
   */
  readonly key: SigningKey
  /** How many times the metadata and the key set have been fetched so far. */
  readonly requests: RequestCounts
  /** The token endpoint, with switches for its errors. It responds with 404 unless `clients` is set. */
  readonly tokenEndpoint: TokenEndpoint
  /**
   * Creates a client for tokens that are bound with DPoP (RFC 9449), with a key of its own or with the given one.
   *
   * @throws TypeError if an option is unknown or malformed
   *
   * @example
   * ```ts
   * import { resourceServer } from '@resource-server/express'
   * import { createTestIssuer } from '@resource-server/testing'
   * import express from 'express'
   * import request from 'supertest'
   *
   * const issuer = await createTestIssuer()
   * const api = resourceServer({
   *   issuer: issuer.url,
   *   audience: 'orders',
   *   clock: issuer.clock,
   *   publicUrl: 'https://api.example',
   * })
   * const app = express().get('/orders', api.requireAuthentication(), (_req, res) => res.send('ok'))
   *
   * const client = issuer.dpopClient()
   * const token = client.token({ aud: 'orders' })
   * const headers = client.headers({ token, url: 'https://api.example/orders' })
   * await request(app).get('/orders').set(headers).expect(200)
   * await request(app).get('/orders').set(headers).expect(401) // each proof is accepted once
   * ```
   */
  dpopClient(options?: DpopClientOptions): DpopClient
  /** Creates tokens that must be refused. */
  readonly forge: Forgeries

  /**
   * Creates a signed access token. With `actors`, it is an exchanged token.
   *
   * @throws TypeError if `aud` is missing, if an option is unknown or malformed, or if the provider's
   *   tokens cannot express it
   */
  token(options: TokenOptions): string
  /** Where tokens are introspected (RFC 7662). Requires the option `clients`. */
  readonly introspection: IntrospectionEndpoint
  /**
   * Creates an opaque token, which only the introspection endpoint understands. It has the content of a JWT with the
   * same options.
   *
   * @throws TypeError as `token` does
   */
  opaqueToken(options: OpaqueTokenOptions): string
  /**
   * Creates a logout token (OpenID Connect Back-Channel Logout section 2.4).
   *
   * @throws TypeError if `aud` is missing, or if an option is unknown or malformed
   */
  logoutToken(options: LogoutTokenOptions): string
  /**
   * Sends a logout token to a client's `backchannel_logout_uri`, and returns the response.
   *
   * @throws TypeError as `logoutToken` does
   */
  signOut(uri: string, options: LogoutTokenOptions): Promise<Response>
  /**
   * Creates an ID token, which no resource server may accept. It has `nonce` and `at_hash`, and no
   * scope.
   *
   * @throws TypeError if `aud` is missing, or if an option is unknown or malformed
   */
  idToken(options: IdTokenOptions): string
  /** Signs any header and payload, without checks and without default claims. For malformed tokens. */
  sign(token: RawToken): string

  /**
   * Creates a new signing key and returns it.
   *
   * @param options.overlap whether the earlier keys stay in the key set, so that earlier tokens remain
   *   valid, as in a planned rotation. Default true. With false, only the new key is published, as
   *   after a leak.
   */
  rotateKeys(options?: { readonly overlap?: boolean }): SigningKey
  /**
   * Starts an outage: requests for the metadata, the key set, and tokens no longer get a valid response. A
   * verifier keeps what it has already fetched.
   *
   * @param mode how the issuer responds. Default `disconnect`.
   * @param options.retryAfter in `error` mode: responds with status 503, and with this number of
   *   seconds in `Retry-After`
   * @throws TypeError if the mode is unknown, or if `retryAfter` is used in another mode
   */
  stop(mode?: OutageMode, options?: { readonly retryAfter?: number }): void
  /** Ends the outage. Requests that already hang or stall continue to do so. */
  resume(): void
  /**
   * Delays each response to later requests. It is sent once the test has advanced `clock` by this many
   * seconds. 0 ends the delay.
   *
   * @throws TypeError if the number is negative or not finite
   */
  delay(seconds: number): void

  /**
   * Frees the port and closes all connections, including hanging ones. Can be called twice. Tokens can
   * still be created. An issuer that is not closed does not keep the process alive.
   */
  close(): Promise<void>
  /** Same as `close`, for `await using issuer = await createTestIssuer()`. */
  [Symbol.asyncDispose](): Promise<void>
}
