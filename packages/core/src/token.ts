import { audienceOf } from './audience.ts'
import { type Actor, type Delegation, type PriorActor, withoutAct } from './delegation.ts'
import { own } from './json.ts'
import { readNames } from './names-claim.ts'
import type { Profile } from './profiles/profile.ts'
import { grants, type Implication, readScopes } from './scope.ts'
import type { Verified } from './signature.ts'

declare const minted: unique symbol

/** Claims that any access token may have, beside those of the user's own type. */
export interface StandardClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf?: number
  readonly jti?: string
}

/** The claims without `act`. Their types beyond `StandardClaims` are the user's assertion. */
export type Claims<C extends object = object> = StandardClaims &
  Readonly<C> & { readonly [name: string]: unknown }

/** What guards and policy functions see: the current actor only (RFC 8693 section 4.1). */
export interface TokenView<C extends object = object> {
  /** Who the token speaks for. Unique only together with `issuer`. */
  readonly subject: string
  readonly issuer: string
  readonly audience: readonly string[]
  /** As the token has them, without what they imply. */
  readonly scopes: readonly string[]
  /** Empty unless the issuer's profile says where they are. Their issuer's words, like all claims. */
  readonly roles: readonly string[]
  /** Empty unless the issuer's profile says where they are. */
  readonly permissions: readonly string[]
  /** The client that got the token, where the issuer writes it. */
  readonly clientId: string | undefined
  readonly actor: Actor | undefined
  /** `may_act` (RFC 8693 section 4.4), where the issuer writes it. */
  readonly mayAct: Readonly<Record<string, unknown>> | undefined
  readonly claims: Claims<C>
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** Exact and case-sensitive; counts what `impliedScopes` says, as `requireScope` does. */
  hasScope(scope: string): boolean
}

/**
 * A verified access token that was meant for this service. Built only from checked claims, frozen,
 * and printed without the token itself. That a token was valid when it was checked says nothing
 * about revocation since. Minted here only.
 */
export interface AccessToken<C extends object = object> extends TokenView<C> {
  /** Who acted earlier, latest first. For audit only: no guard takes it. */
  readonly priorActors: readonly PriorActor[]
  /** The token as it was sent, for an exchange. Not enumerable, so that it does not get into logs. */
  readonly raw: string
  readonly [minted]: 'AccessToken'
}

interface Parts {
  readonly verified: Verified
  readonly delegation: Delegation
  readonly mayAct: Readonly<Record<string, unknown>> | undefined
  readonly profile: Profile
  readonly impliedScopes: readonly Implication[]
}

class View implements TokenView {
  readonly subject: string
  readonly issuer: string
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  readonly clientId: string | undefined
  readonly actor: Actor | undefined
  readonly mayAct: Readonly<Record<string, unknown>> | undefined
  readonly claims: Claims
  readonly #impliedScopes: readonly Implication[]

  constructor({ verified: { claims }, delegation, mayAct, profile, impliedScopes }: Parts) {
    const first = (names: readonly string[]): unknown =>
      names.map((name) => own(claims, name)).find((value) => value !== undefined)
    this.subject = own(claims, 'sub') as string
    this.issuer = own(claims, 'iss') as string
    this.audience = Object.freeze([...audienceOf(claims, profile)])
    this.scopes = Object.freeze([...(readScopes(first(profile.scopeClaims)) ?? [])])
    this.roles = Object.freeze([...(readNames(claims, profile.roles ?? []) ?? [])])
    this.permissions = Object.freeze([...(readNames(claims, profile.permissions ?? []) ?? [])])
    this.clientId = first(profile.clientClaims) as string | undefined
    this.actor = delegation.actor
    this.mayAct = mayAct
    this.claims = withoutAct(claims) as Claims
    this.#impliedScopes = impliedScopes
  }

  get issuedAt(): Date {
    return new Date(this.claims.iat * 1000)
  }

  get expiresAt(): Date {
    return new Date(this.claims.exp * 1000)
  }

  hasScope(scope: string): boolean {
    return grants(this.scopes, scope, this.#impliedScopes)
  }
}

class VerifiedToken extends View implements AccessToken {
  declare readonly [minted]: 'AccessToken'
  readonly priorActors: readonly PriorActor[]
  readonly #parts: Parts

  constructor(parts: Parts) {
    super(parts)
    this.priorActors = parts.delegation.priorActors
    this.#parts = parts
    Object.freeze(this)
  }

  get raw(): string {
    return this.#parts.verified.raw
  }

  static viewOf(token: AccessToken): TokenView {
    if (!(token instanceof VerifiedToken))
      throw new TypeError('not an access token of this package')
    return Object.freeze(new View(token.#parts))
  }
}

export function createToken(parts: Parts): AccessToken {
  return new VerifiedToken(parts)
}

/** The token without its history and without its text: what policy functions get. */
export function viewOf(token: AccessToken): TokenView {
  return VerifiedToken.viewOf(token)
}
