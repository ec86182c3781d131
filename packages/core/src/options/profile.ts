import type { Code } from '../errors/codes.ts'

/**
 * The part of a refused token that a hint can inspect. If the token was refused before its signature was
 * verified, nothing in it is verified.
 */
export interface HintedToken {
  /** The `typ` of the header. */
  readonly typ: string | undefined
  /** Empty if the token cannot be parsed. Before the signature is verified, a claim may have any type. */
  readonly claims: Readonly<Record<string, unknown>>
  /** True if the token looks like an opaque or encrypted token, rather than a malformed JWT. */
  readonly opaque?: boolean
}

/**
 * Advice for the operator about a likely configuration mistake. It is appended to the reason of a refusal.
 * The caller never sees it.
 *
 * @example
 * import type { Hint } from '@resource-server/core'
 *
 * export const missingMapper: Hint = {
 *   codes: ['audience_mismatch'],
 *   when: ({ claims }) => claims['aud'] === 'account',
 *   message: 'Add an audience mapper to the client.',
 * }
 */
export interface Hint {
  /** The refusals that the hint applies to. */
  readonly codes: readonly Code[]
  /** Whether the hint applies to this token. If it throws, the hint does not apply. */
  readonly when: (token: HintedToken) => boolean
  /** A fixed text, so that it cannot contain unverified data. */
  readonly message: string
}

/** A member of `act` that identifies an actor: `sub` (RFC 8693 section 4.1) or `client_id` (section 4.3). */
export type ActorName = 'sub' | 'client_id'

/**
 * Locates names, such as roles, in a token.
 *
 * @example
 * import type { ClaimPath } from '@resource-server/core'
 *
 * export const realmRoles: ClaimPath = { path: ['realm_access', 'roles'] }
 */
export interface ClaimPath {
  /**
   * The name of the claim, followed by the names of nested members. If one of them is absent, the token has
   * no names there. If the value has the wrong type, the token is refused.
   */
  readonly path: readonly string[]
  /**
   * `list`: the value is a list of names, or a single name. `keys`: the value is an object, and its keys are
   * the names. Default `list`.
   */
  readonly format?: 'list' | 'keys'
}

/**
 * What the access tokens of an authorization server look like: where the values are, and which claims must
 * be present. To change some members of a profile, use `extend`.
 *
 * @example
 * import { defaultProfile, extend, type Profile } from '@resource-server/core'
 *
 * export const ours: Profile = extend(defaultProfile, {
 *   name: 'our-server',
 *   roles: [{ path: ['authorization', 'roles'] }],
 * })
 */
export interface Profile {
  /** A label for display. It has no effect. */
  readonly name: string
  /** The accepted `typ` headers, in lowercase. `undefined` means that `typ` may be absent. */
  readonly types: readonly (string | undefined)[]
  /** The claims that can contain the client ID. The first one that is present is used. */
  readonly clientClaims: readonly string[]
  /** The claims that can contain the scopes. The first one that is present is used. */
  readonly scopeClaims: readonly string[]
  /**
   * The claims that a token must have, in addition to `iss`, `sub`, `aud`, `exp`, and `iat`. A nested list
   * means that one of its claims must be present.
   */
  readonly requiredClaims: readonly (string | readonly string[])[]
  /** Audiences that `{ only }` ignores, such as the issuer's own userinfo endpoint. */
  readonly ignoredAudiences: readonly string[]
  /**
   * The accepted values of claims that differ between kinds of tokens, such as `{ token_use: ['access'] }`. A
   * token with any other value, or without the claim, is refused. Default: none.
   */
  readonly expectedClaims?: Readonly<Record<string, readonly string[]>>
  /**
   * Claims that only other kinds of tokens have. A token with one of them is refused. Default: `at_hash`,
   * `c_hash`, `s_hash`, `events`, and `nonce`. `nonce` is only refused if the token has no scope (OpenID
   * Connect Core section 2), and `events` only if it is an object (RFC 8417 section 2.2). If the `typ` of the
   * header is `at+jwt`, the default is `events` alone.
   */
  readonly forbiddenClaims?: readonly string[]
  /**
   * Whether a token is accepted if nothing shows that it is an access token: its `typ` is not `at+jwt`, and it
   * has no scope claim, no client claim (an `azp` that equals the only audience does not count), and none of the
   * claims `typ: Bearer`, `token_use: access`, and `type: access_token`. By default such a token is refused,
   * because ID tokens can look the same. Set it if `requiredClaims` or `expectedClaims` exclude the issuer's ID
   * tokens, or if the issuer has none. Default false.
   */
  readonly acceptUnmarked?: boolean
  /** The claims that can contain the audience. The first one that is present is used. Default: `aud`. */
  readonly audienceClaims?: readonly string[]
  /**
   * Whether the client ID is the subject of a token without `sub`. Some servers omit `sub` from the tokens that a
   * client gets for itself; RFC 9068 section 2.2 recommends the client ID as their `sub`. Such a token is otherwise
   * refused. A user's `sub` may happen to equal a client ID, so do not set this member if users can choose their
   * `sub`. Default false.
   */
  readonly clientIdAsSubject?: boolean
  /** Where the roles are. Default: none, and `requireRole` cannot be used. */
  readonly roles?: readonly ClaimPath[]
  /** Where the permissions are. Default: none, and `requirePermission` cannot be used. */
  readonly permissions?: readonly ClaimPath[]
  /** Whether all actors are clients, so that `act.sub` is a client ID. Default false. */
  readonly actorSubjectIsClient?: boolean
  /**
   * The members of `act` that identify the actor, together with `iss`. `requireActor` compares a plain
   * string with the first one. Default: `sub`.
   */
  readonly actorNames?: readonly ActorName[]
  /**
   * The metadata that the issuer serves: `openid` for OpenID Connect Discovery, `oauth` for RFC 8414.
   * Default: OpenID Connect Discovery is tried first, then RFC 8414.
   */
  readonly discovery?: 'openid' | 'oauth'
  /**
   * The placeholder for the tenant in the `issuer` member of keys, such as `{tenantid}`. Set it if several tenants
   * share a key set. A key whose `issuer` names another tenant is not used. Default: `issuer` members are ignored.
   */
  readonly keyIssuerPlaceholder?: string
  /** Advice for the operator, appended to the reasons of refusals. The first hint that applies is used. */
  readonly hints?: readonly Hint[]
}
