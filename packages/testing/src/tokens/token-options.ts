import type { JsonObject } from '../keys/signing-keys.ts'
import { type ActorClaims, type Shape, shapeNames } from './providers.ts'
import {
  actor,
  actors,
  audience,
  moment,
  object,
  offset,
  oneOf,
  type Rules,
  scope,
  text,
} from '../check-options.ts'

/**
 * What an access token says. Everything but `aud` has a default. Times are counted from the
 * issuer's clock. The shape decides under which name and in which form a thing is written.
 */
export interface TokenOptions {
  /** Whom the token is for. Never optional. A Cognito token has it as `client_id`. */
  readonly aud: string | readonly string[]
  /** Default `user-42`. */
  readonly sub?: string
  /** Scopes, in one string or as a list. By default the token has none. */
  readonly scope?: string | readonly string[]
  /** The client that got the token. By default the current actor, or `test-client`. */
  readonly clientId?: string
  /**
   * Who acts for the subject, the current actor first, then the prior ones: RFC 8693 section 4.1.
   * A name is written the provider's way; an object is written as it is. By default there is no
   * `act`, and so it is for an empty list.
   */
  readonly actors?: readonly (string | ActorClaims)[]
  /** Who may become the actor: RFC 8693 section 4.4. Written like an actor. */
  readonly mayAct?: string | ActorClaims
  /**
   * Seconds from now to `exp`. Default 300. Zero or less makes an expired token, which was issued
   * five minutes before it expired unless `issuedAt` says otherwise.
   */
  readonly expiresIn?: number
  /** `iat`, as seconds from now (negative: in the past) or as a Date. Default now. */
  readonly issuedAt?: number | Date
  /** `nbf`, as seconds from now (negative: in the past) or as a Date. By default as the shape has it. */
  readonly notBefore?: number | Date
  /** Added last, so it replaces any claim. A claim that is `undefined` is left out of the token. */
  readonly claims?: JsonObject
  /** The same for the header. */
  readonly header?: JsonObject
  /** Whose tokens to imitate. Default: the issuer's shape, which is `rfc9068` by default. */
  readonly shape?: Shape
}

/** What an ID token says: OpenID Connect Core section 2. */
export interface IdTokenOptions {
  /** The client; for a negative test, the name of the service under attack. */
  readonly aud: string | readonly string[]
  /** Default `user-42`. */
  readonly sub?: string
  /** Default random. */
  readonly nonce?: string
  /** Seconds from now to `exp`. Default 300. */
  readonly expiresIn?: number
  /** Added last, so it replaces any claim. A claim that is `undefined` is left out. */
  readonly claims?: JsonObject
  /** The same for the header. */
  readonly header?: JsonObject
}

export const tokenRules: Rules<TokenOptions> = {
  aud: audience,
  sub: text,
  scope,
  clientId: text,
  actors,
  mayAct: actor,
  expiresIn: offset,
  issuedAt: moment,
  notBefore: moment,
  claims: object,
  header: object,
  shape: oneOf(shapeNames),
}

export const idTokenRules: Rules<IdTokenOptions> = {
  aud: audience,
  sub: text,
  nonce: text,
  expiresIn: offset,
  claims: object,
  header: object,
}
