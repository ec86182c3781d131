import { audienceOf } from '../config/audience.ts'
import { type Actor, type Delegation, type PriorActor, withoutAct } from './delegation.ts'
import { Refusal } from '../errors/refusal.ts'
import { type JsonObject, own } from '../lib/json.ts'
import { readConfirmation, type TokenConfirmation } from './confirmation.ts'
import { readNames } from './claim-path.ts'
import { TextLists } from '../lib/text-lists.ts'
import type { Profile } from '../options/profile.ts'
import { grants, type Implication, readScopes } from '../options/scope.ts'
import type { CheckedToken } from './claims.ts'

/** Exists in types only. It keeps other files from creating values of these types. */
declare const brand: unique symbol

/**
 * The registered claims of an access token (RFC 7519 section 4.1, RFC 9068 section 2.2). Their types
 * are checked before a token is accepted. `aud` may be absent if the issuer's profile reads the
 * audience from another claim; use `TokenView.audience` instead.
 */
export interface StandardClaims {
  /** The issuer. */
  readonly iss: string
  /** The subject. Absent from some tokens if the profile sets `clientIdAsSubject`; use `token.subject`. */
  readonly sub: string
  /** The audience: one name or a list of names. */
  readonly aud: string | readonly string[]
  /** When the token expires, in seconds since the epoch. May have a fraction. */
  readonly exp: number
  /** When the token was issued, in seconds since the epoch. May have a fraction. */
  readonly iat: number
  /** When the token becomes valid, in seconds since the epoch. May have a fraction. */
  readonly nbf?: number
  /** The identifier of the token. */
  readonly jti?: string
}

/**
 * All claims of a token except `act`, frozen at every level. `C` is your own claim type. The
 * verifier does not check its members: `C` asserts what your issuer puts into its tokens.
 */
export type Claims<C extends object = object> = StandardClaims &
  Readonly<C> & { readonly [name: string]: unknown }

/**
 * The members of a token, its view, and its cached content. This is their only definition.
 *
 * The constructor assigns each member by name. Objects made this way share one hidden class in V8,
 * which `Object.assign` and spread do not guarantee.
 */
class View<C extends object = object> {
  /**
   * `sub`: the user or client that the token is about. The client ID if the token has no `sub` and the
   * profile sets `clientIdAsSubject`. Unique only together with `issuer`.
   */
  readonly subject: string
  /** `iss`: the issuer that signed the token. */
  readonly issuer: string
  /** The names in `aud`, or in the claim from which the issuer's profile reads the audience. */
  readonly audience: readonly string[]
  /** The scopes in the token, without duplicates and without the scopes that they imply. */
  readonly scopes: readonly string[]
  /** The roles in the token. Empty unless the issuer's profile has `roles`. */
  readonly roles: readonly string[]
  /** The permissions in the token. Empty unless the issuer's profile has `permissions`. */
  readonly permissions: readonly string[]
  /**
   * The client that the token was issued to (RFC 9068 section 2.2), or `undefined` if the token does
   * not name one. Unique only together with `issuer`.
   */
  readonly clientId: string | undefined
  /** The current actor (RFC 8693 section 4.1), or `undefined` if the token has no `act`. */
  readonly actor: Actor | undefined
  /**
   * The members of `may_act`, which states who may act for the subject (RFC 8693 section 4.4), or
   * `undefined` if the token has no `may_act`. For information only: no check uses it.
   */
  readonly mayAct: Readonly<Record<string, unknown>> | undefined
  /**
   * The client's key that the token is bound to (RFC 7800), as thumbprints. The request has proved possession of this
   * key, unless `mtls` is `{ checkedBy: 'gateway' }`. `undefined` for a bearer token.
   */
  readonly confirmation: TokenConfirmation | undefined
  /** All claims except `act`. */
  readonly claims: Claims<C>
  readonly #impliedScopes: readonly Implication[]

  constructor(content: TokenContent<C>) {
    this.subject = content.subject
    this.issuer = content.issuer
    this.audience = content.audience
    this.scopes = content.scopes
    this.roles = content.roles
    this.permissions = content.permissions
    this.clientId = content.clientId
    this.actor = content.actor
    this.mayAct = content.mayAct
    this.confirmation = content.confirmation
    this.claims = content.claims
    this.#impliedScopes = content.impliedScopes
  }

  /** `iat` as a date. Each read returns a new `Date`. */
  get issuedAt(): Date {
    return new Date(this.claims.iat * 1000)
  }

  /** `exp` as a date, without the clock tolerance. Each read returns a new `Date`. */
  get expiresAt(): Date {
    return new Date(this.claims.exp * 1000)
  }

  /**
   * Whether the token has this scope or, according to `impliedScopes`, a scope that implies it.
   * `requireScope` uses the same rule. The comparison is exact and case-sensitive.
   */
  hasScope(scope: string): boolean {
    return grants(this.scopes, scope, this.#impliedScopes)
  }
}

/**
 * The argument of a policy function: a frozen, verified token without its prior actors and its raw
 * text. RFC 8693 section 4.1 allows only the current actor in access decisions.
 *
 * @example
 * ```ts
 * import type { TokenView } from '@resource-server/core'
 *
 * // A policy function, for `requirePolicy`.
 * export const isAcme = (token: TokenView): boolean => token.claims['tenant'] === 'acme'
 * ```
 */
export interface TokenView<C extends object = object> extends Pick<View<C>, keyof View<C>> {}

/**
 * An access token that passed every check: signature, issuer, time, audience, and claims. It is
 * frozen, and only the verifier creates it.
 *
 * The token was valid when it was checked. The object does not change if the token expires or is
 * revoked later.
 *
 * @example
 * ```ts
 * import type { AccessToken } from '@resource-server/core'
 *
 * export const describe = (token: AccessToken): string =>
 *   `${token.subject}, through ${token.actor?.subject ?? 'no other service'}`
 * ```
 */
export interface AccessToken<C extends object = object> extends TokenView<C> {
  /**
   * The actors before the current one, latest first. For audit only: guards do not accept a
   * `PriorActor` (RFC 8693 section 4.1).
   */
  readonly priorActors: readonly PriorActor[]
  /**
   * The token as it was received, for use in a token exchange. It is a secret. The property is not
   * enumerable, so `JSON.stringify`, spread syntax, and most loggers omit it.
   */
  readonly raw: string
  readonly [brand]: 'AccessToken'
}

/**
 * What the checked claims of a token say: everything in an access token except its raw text. It is
 * frozen, so the cache and any number of requests can share it. Only `readContent` creates it.
 */
export interface TokenContent<C extends object = object> extends Omit<
  View<C>,
  'issuedAt' | 'expiresAt' | 'hasScope'
> {
  readonly impliedScopes: readonly Implication[]
  readonly profile: Profile
  readonly priorActors: readonly PriorActor[]
  /** True if the token itself was not verified, so what it contains must not be used. */
  readonly isIntrospected: boolean
  readonly [brand]: 'TokenContent'
}

interface ContentSource {
  readonly checked: CheckedToken
  readonly delegation: Delegation
  readonly mayAct: Readonly<Record<string, unknown>> | undefined
  readonly profile: Profile
  readonly impliedScopes: readonly Implication[]
  readonly isIntrospected: boolean
}

/** Reads the content of a token whose claims passed the checks. */
export function readContent({
  checked,
  delegation,
  mayAct,
  profile,
  impliedScopes,
  isIntrospected,
}: ContentSource): TokenContent {
  const { claims } = checked
  const clientId = firstPresent(claims, profile.clientClaims) as string | undefined
  const content: Omit<TokenContent, typeof brand> = {
    // Only with `clientIdAsSubject` was a token without `sub` accepted.
    subject: (own(claims, 'sub') ?? clientId) as string,
    issuer: own(claims, 'iss') as string,
    audience: audienceList(audienceOf(claims, profile)),
    scopes: scopeList(firstPresent(claims, profile.scopeClaims)),
    roles: namesAt(claims, profile.roles),
    permissions: namesAt(claims, profile.permissions),
    clientId,
    actor: delegation.actor,
    mayAct,
    confirmation: confirmationOf(own(claims, 'cnf')),
    claims: withoutAct(claims) as Claims,
    impliedScopes,
    profile,
    priorActors: delegation.priorActors,
    isIntrospected,
  }
  return Object.freeze(content as TokenContent)
}

/** `checkClaims` has refused a malformed one. */
function confirmationOf(cnf: unknown): TokenConfirmation | undefined {
  const confirmation = cnf === undefined ? undefined : readConfirmation(cnf)
  return confirmation instanceof Refusal ? undefined : confirmation
}

const noNames: readonly string[] = Object.freeze([])

const oneName = new TextLists((name) => [name])
const scopeTexts = new TextLists((text) => readScopes(text) ?? [])

function audienceList(names: readonly string[]): readonly string[] {
  return names.length === 1 ? oneName.get(names[0]!) : Object.freeze([...names])
}

function scopeList(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return scopeTexts.get(claim)
  return claim === undefined ? noNames : Object.freeze(readScopes(claim) ?? [])
}

function namesAt(claims: JsonObject, paths: Profile['roles']): readonly string[] {
  return paths ? Object.freeze(readNames(claims, paths) ?? []) : noNames
}

function firstPresent(claims: JsonObject, names: readonly string[]): unknown {
  for (const name of names) {
    const value = own(claims, name)
    if (value !== undefined) return value
  }
  return undefined
}

class VerifiedToken extends View implements AccessToken {
  static {
    // Otherwise, code that has a token could reach the class through it and create others.
    Object.defineProperty(this.prototype, 'constructor', { value: Object })
  }

  declare readonly [brand]: 'AccessToken'
  readonly priorActors: readonly PriorActor[]
  readonly #content: TokenContent
  readonly #raw: string
  #decisionId: string | undefined

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

  /** Only the constructor adds the private field, so no other object has it. */
  static isVerified(value: unknown): value is VerifiedToken {
    return typeof value === 'object' && value !== null && #content in value
  }

  static contentOf(token: AccessToken): TokenContent {
    return verified(token).#content
  }

  static rawOf(token: AccessToken): string {
    return verified(token).#raw
  }

  static decisionIdOf(token: AccessToken): string | undefined {
    return verified(token).#decisionId
  }

  static identifyDecision(token: AccessToken, newId: () => string): string {
    return (verified(token).#decisionId ??= newId())
  }
}

function verified(token: AccessToken): VerifiedToken {
  if (VerifiedToken.isVerified(token)) return token
  throw new TypeError('not an access token created by this package')
}

/** Creates the access token for one request. `raw` is the text from which `content` was read. */
export function createToken(content: TokenContent, raw: string): AccessToken {
  return new VerifiedToken(content, raw)
}

/**
 * The view of a token that policy functions receive. It does not lead to `priorActors` or `raw`,
 * not even through private fields.
 *
 * @throws TypeError if this package did not create the token
 */
export function viewOf(token: AccessToken): TokenView {
  return Object.freeze(new View(VerifiedToken.contentOf(token)))
}

/**
 * The profile that the token was checked against.
 *
 * @throws TypeError if this package did not create the token
 */
export function profileOf(token: AccessToken): Profile {
  return VerifiedToken.contentOf(token).profile
}

/** Whether the token was introspected and its text was not verified. */
export function wasIntrospected(token: AccessToken): boolean {
  return VerifiedToken.contentOf(token).isIntrospected
}

/**
 * Whether a verifier of this copy of the package created the object. A proxy of a token, or an object with
 * the same members, does not pass.
 */
export function isAccessToken(value: unknown): value is AccessToken {
  return VerifiedToken.isVerified(value)
}

/**
 * The token as it was received. Unlike the property `raw`, it cannot be replaced by other code.
 *
 * @throws TypeError if this package did not create the token
 */
export function rawOf(token: AccessToken): string {
  return VerifiedToken.rawOf(token)
}

/**
 * The ID that the record of this token's decision has or will have, so that other records of the same request
 * can refer to it. Each request has its own token object. The first call creates the ID.
 *
 * @throws TypeError if this package did not create the token
 */
export function identifyDecision(token: AccessToken): string {
  return VerifiedToken.identifyDecision(token, () => globalThis.crypto.randomUUID())
}

/** The ID, if a record refers to the decision. */
export function decisionIdOf(token: AccessToken): string | undefined {
  return VerifiedToken.decisionIdOf(token)
}

/** The contents of tokens that the authorization server no longer accepts. */
const rejected = new WeakSet<TokenContent>()
/** Spares a lookup for each request while there are none. */
let hasRejected = false

/**
 * Makes every cache of verified tokens forget this token, because the authorization server no longer accepts it. The
 * next request with it is verified from scratch.
 *
 * @throws TypeError if this package did not create the token
 */
export function forgetVerification(token: AccessToken): void {
  rejected.add(VerifiedToken.contentOf(token))
  hasRejected = true
}

/** Whether a token with this content was forgotten. */
export function isForgotten(content: TokenContent): boolean {
  return hasRejected && rejected.has(content)
}
