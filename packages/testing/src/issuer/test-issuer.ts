/// <reference lib="esnext.disposable" preserve="true" />
import type { Algorithm } from '../keys/algorithms.ts'
import type { TestClock } from '../test-clock.ts'
import type { Forge } from '../tokens/forgeries.ts'
import type { RawToken } from '../tokens/sign.ts'
import type { JsonObject, SigningKey } from '../keys/signing-keys.ts'
import type { Discovery } from './metadata.ts'
import type { DownMode } from './outage.ts'
import type { Requests } from './server.ts'
import type { Shape } from '../tokens/providers.ts'
import type { IdTokenOptions, TokenOptions } from '../tokens/token-options.ts'

/** How a test issuer is set up. Everything has a default. */
export interface TestIssuerOptions {
  /**
   * The path of the issuer identifier, such as `/realms/test`. Default none. `/` gives an issuer
   * that ends in a slash, as Auth0's do.
   */
  readonly path?: string
  /** What the issuer signs with. Default `RS256`. */
  readonly algorithm?: Algorithm
  /** By default a new clock that starts now. Two issuers can share one. */
  readonly clock?: TestClock
  /** Whose tokens, and whose kind of key set, to imitate. Default `rfc9068`. */
  readonly shape?: Shape
  /** Which metadata to serve. Default `both`. The key set is served in any case. */
  readonly discovery?: Discovery
  /** Members to add to the metadata, or to replace there. One that is `undefined` is left out. */
  readonly metadata?: JsonObject
}

/**
 * An authorization server for tests: real metadata, a real key set and real signatures, on a free
 * port of 127.0.0.1. The code under test runs its true path, with nothing mocked.
 *
 * It issues what a test asks for. It has no login, no token endpoint and no policy.
 */
export interface TestIssuer extends AsyncDisposable {
  /** The issuer identifier: `iss` of its tokens, and the `issuer` option of the code under test. */
  readonly url: string
  /** Where the key set is. */
  readonly jwksUri: string
  /** The clock by which tokens are dated. Pass it on: `resourceServer({ clock: issuer.clock })`. */
  readonly clock: TestClock
  /**
   * The current signing key. Keys are called `key-1`, `key-2` and so on in every issuer, so that two
   * issuers have different keys of the same name, and a verifier that mixes them up is found out.
   */
  readonly key: SigningKey
  /** How often metadata and key set were fetched so far. */
  readonly requests: Requests
  /** Tokens that must be refused. */
  readonly forge: Forge

  /**
   * Mints a signed access token: an ordinary one, or with `actors` one that was exchanged.
   *
   * @throws TypeError if `aud` is missing, an option is unknown or malformed, or the shape has no
   *   place for it
   */
  token(options: TokenOptions): string
  /**
   * Mints an ID token, which no resource server may accept: with `nonce`, `at_hash`, no scope.
   *
   * @throws TypeError if `aud` is missing, or an option is unknown or malformed
   */
  idToken(options: IdTokenOptions): string
  /** Signs anything at all, checks nothing and adds no claims. For malformed tokens. */
  sign(token: RawToken): string

  /**
   * Makes a new signing key and returns it.
   *
   * @param options.overlap whether the earlier keys stay in the key set, so that earlier tokens stay
   *   valid, as with a provider's planned rotation. Default true. With false only the new key is
   *   left, as after a leak.
   */
  rotateKeys(options?: { readonly overlap?: boolean }): SigningKey
  /**
   * Stops answering properly, for metadata and key set alike. What a verifier has fetched before, it
   * still has.
   *
   * @param mode default `disconnect`
   * @throws TypeError if the mode is unknown
   */
  stop(mode?: DownMode): void
  /** Answers again. Requests that hang or stall already go on doing so. */
  resume(): void

  /**
   * Frees the port and cuts open connections, hanging ones too. May be called twice. Tokens can
   * still be minted. An issuer that is not closed does not keep the process alive.
   */
  close(): Promise<void>
  /** `close`, for `await using issuer = await createTestIssuer()`. */
  [Symbol.asyncDispose](): Promise<void>
}
