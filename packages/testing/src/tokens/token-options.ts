import {
  actor,
  actors,
  audience,
  nonEmptyString,
  object,
  offset,
  offsetOrDate,
  oneOf,
  type Rules,
  scope,
} from '../check-options.ts'
import type { JsonObject } from '../keys/signing-keys.ts'
import { type ActorClaims, type ProviderId, providerIds } from './providers.ts'

/**
 * The content of an access token. Everything except `aud` has a default. Times are relative to the
 * issuer's clock. The provider decides the name and the format of each claim.
 */
export interface TokenOptions {
  /** The audience. Always required. A Cognito token contains it as `client_id`. */
  readonly aud: string | readonly string[]
  /** The subject. Default `user-42`. */
  readonly sub?: string
  /** The scopes, as one string or as a list. Default: no scope claim. */
  readonly scope?: string | readonly string[]
  /** The client that obtained the token. Default: the current actor, or `test-client`. */
  readonly clientId?: string
  /**
   * The parties that act for the subject: the current actor first, then the prior actors (RFC 8693
   * section 4.1). A string is formatted like the provider's actors; an object is used unchanged.
   * Without actors, or with an empty list, the token has no `act`.
   */
  readonly actors?: readonly (string | ActorClaims)[]
  /** The party that may become the actor: RFC 8693 section 4.4. Formatted like an actor. */
  readonly mayAct?: string | ActorClaims
  /**
   * `exp`, in seconds from now. Default 300. Zero or less creates an expired token. Its `iat` is five
   * minutes before `exp`, unless `issuedAt` is set.
   */
  readonly expiresIn?: number
  /** `iat`, in seconds from now (negative for the past) or as a Date. Default: now. */
  readonly issuedAt?: number | Date
  /**
   * `nbf`, in seconds from now (negative for the past) or as a Date. The default depends on the
   * provider.
   */
  readonly notBefore?: number | Date
  /** Claims to add. They replace any other claim, and a claim that is `undefined` is omitted. */
  readonly claims?: JsonObject
  /** Header parameters to add, with the same rules as `claims`. */
  readonly header?: JsonObject
  /** The provider whose tokens to imitate. Default: the issuer's, which defaults to `rfc9068`. */
  readonly provider?: ProviderId
}

/** The content of an ID token: OpenID Connect Core section 2. */
export interface IdTokenOptions {
  /** The client. In a negative test, use the name of the service under attack. */
  readonly aud: string | readonly string[]
  /** The subject. Default `user-42`. */
  readonly sub?: string
  /** Default: a random value. */
  readonly nonce?: string
  /** `exp`, in seconds from now. Default 300. */
  readonly expiresIn?: number
  /** Claims to add. They replace any other claim, and a claim that is `undefined` is omitted. */
  readonly claims?: JsonObject
  /** Header parameters to add, with the same rules as `claims`. */
  readonly header?: JsonObject
}

export const tokenRules: Rules<TokenOptions> = {
  aud: audience,
  sub: nonEmptyString,
  scope,
  clientId: nonEmptyString,
  actors,
  mayAct: actor,
  expiresIn: offset,
  issuedAt: offsetOrDate,
  notBefore: offsetOrDate,
  claims: object,
  header: object,
  provider: oneOf(providerIds),
}

export const idTokenRules: Rules<IdTokenOptions> = {
  aud: audience,
  sub: nonEmptyString,
  nonce: nonEmptyString,
  expiresIn: offset,
  claims: object,
  header: object,
}
