import { audienceOf } from '../config/audience.ts'
import { type Actor, type Delegation, type PriorActor, withoutAct } from './delegation.ts'
import { type JsonObject, own } from '../lib/json.ts'
import { readNames } from './claim-path.ts'
import type { Profile } from '../options/profile.ts'
import { grants, type Implication, readScopes } from '../options/scope.ts'
import type { Verified } from '../jose/signature.ts'

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

/**
 * What a token says, read from checked claims: all of an access token but its text. It cannot change, so
 * any number of uses share it. Minted here only.
 */
export interface TokenContent extends Omit<TokenView, 'issuedAt' | 'expiresAt' | 'hasScope'> {
  readonly impliedScopes: readonly Implication[]
  readonly profile: Profile
  readonly priorActors: readonly PriorActor[]
  readonly [minted]: 'TokenContent'
}

export function readContent({
  verified,
  delegation,
  mayAct,
  profile,
  impliedScopes,
}: Parts): TokenContent {
  const { claims } = verified
  return Object.freeze({
    subject: own(claims, 'sub') as string,
    issuer: own(claims, 'iss') as string,
    audience: Object.freeze([...audienceOf(claims, profile)]),
    scopes: Object.freeze(readScopes(firstOf(claims, profile.scopeClaims)) ?? []),
    roles: namesAt(claims, profile.roles),
    permissions: namesAt(claims, profile.permissions),
    clientId: firstOf(claims, profile.clientClaims) as string | undefined,
    actor: delegation.actor,
    mayAct,
    claims: withoutAct(claims) as Claims,
    impliedScopes,
    profile,
    priorActors: delegation.priorActors,
  } as TokenContent)
}

const none: readonly string[] = Object.freeze([])

function namesAt(claims: JsonObject, places: Profile['roles']): readonly string[] {
  return places ? Object.freeze(readNames(claims, places) ?? []) : none
}

function firstOf(claims: JsonObject, names: readonly string[]): unknown {
  for (const name of names) {
    const value = own(claims, name)
    if (value !== undefined) return value
  }
  return undefined
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

  constructor(content: TokenContent) {
    this.subject = content.subject
    this.issuer = content.issuer
    this.audience = content.audience
    this.scopes = content.scopes
    this.roles = content.roles
    this.permissions = content.permissions
    this.clientId = content.clientId
    this.actor = content.actor
    this.mayAct = content.mayAct
    this.claims = content.claims
    this.#impliedScopes = content.impliedScopes
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
  readonly #content: TokenContent
  readonly #raw: string

  constructor(content: TokenContent, raw: string) {
    super(content)
    this.priorActors = content.priorActors
    this.#content = content
    this.#raw = raw
    Object.freeze(this)
  }

  get raw(): string {
    return this.#raw
  }

  static contentOf(token: AccessToken): TokenContent {
    if (token instanceof VerifiedToken) return token.#content
    throw new TypeError('not an access token of this package')
  }
}

/** `raw` is the text that `content` was read from, as this request carried it. */
export function createToken(content: TokenContent, raw: string): AccessToken {
  return new VerifiedToken(content, raw)
}

/** The token without its history and without its text: what policy functions get. */
export function viewOf(token: AccessToken): TokenView {
  return Object.freeze(new View(VerifiedToken.contentOf(token)))
}

/** The profile of the issuer that the token was judged by. */
export function profileOf(token: AccessToken): Profile {
  return VerifiedToken.contentOf(token).profile
}
