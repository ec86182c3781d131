import type { Code } from '../errors/codes.ts'

/** What a hint may look at. Nothing in it is verified where the code stands before the signature. */
export interface HintedToken {
  /** The header's `typ`. */
  readonly typ: string | undefined
  /** None where the token cannot be read. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** What an operator may have set up wrongly, and what mends it. The caller never reads it. */
export interface Hint {
  readonly codes: readonly Code[]
  /** What it throws counts as no. */
  readonly when: (token: HintedToken) => boolean
  /** A fixed text, so that nothing unverified gets into it. */
  readonly message: string
}

/** A member of `act` that can name an actor (RFC 8693 section 4.1; `client_id`: section 4.3). */
export type ActorName = 'sub' | 'client_id'

/** Where a token has names, such as roles. */
export interface ClaimPath {
  /** From the claim inward. An absent one means no names; one of the wrong type refuses the token. */
  readonly path: readonly string[]
  /** Default `list`: a list of strings, or one string. `keys`: an object whose members' names count. */
  readonly format?: 'list' | 'keys'
}

/**
 * What the tokens of an authorization server look like. Nothing here decides: it says where to look
 * and what to insist on. Write your own, or spread one of ours: `{ ...keycloak(url).profile, name }`.
 */
export interface Profile {
  readonly name: string
  /** Accepted `typ` headers, in lower case; `undefined` stands for an absent one. */
  readonly types: readonly (string | undefined)[]
  /** Where the client's id is; the first claim that is present counts. */
  readonly clientClaims: readonly string[]
  /** Where the scopes are; the first claim that is present counts. */
  readonly scopeClaims: readonly string[]
  /** Claims that must be present beside those that every access token needs; of a list, one. */
  readonly requiredClaims: readonly (string | readonly string[])[]
  /** Audiences that `{ only }` disregards, such as the issuer's own userinfo endpoint. */
  readonly ignoredAudiences: readonly string[]
  /** Claims that must have one of these values, as other kinds of token have another. */
  readonly expectedClaims?: Readonly<Record<string, readonly string[]>>
  /**
   * Claims that only other kinds of token have. Default `at_hash`, `c_hash`, `s_hash`, `events` and
   * `nonce`; the last counts only where there is no scope (OpenID Connect Core section 2).
   */
  readonly forbiddenClaims?: readonly string[]
  /** Where the audience is; the first claim that is present counts. Default `aud` alone. */
  readonly audienceClaims?: readonly string[]
  /** Where the roles are. Default nowhere: then `requireRole` cannot be used. */
  readonly roles?: readonly ClaimPath[]
  /** Where the permissions are. Default nowhere: then `requirePermission` cannot be used. */
  readonly permissions?: readonly ClaimPath[]
  /** Whether only clients act, so that `act.sub` is a client id. Default false. */
  readonly actorSubjectIsClient?: boolean
  /**
   * The members of `act` that, with `iss`, say who it is. A bare name in `requireActor` is the first.
   * Default `sub` alone.
   */
  readonly actorNames?: readonly ActorName[]
  /** Which metadata the issuer serves. Default: OpenID Connect's is tried first, then RFC 8414's. */
  readonly discovery?: 'openid' | 'oauth'
  /**
   * Keys of the key set say in a member `issuer` for whose tokens they are, and this stands there for
   * the tenant, such as `{tenantid}`. A key for another issuer is not used. Default: no such member.
   */
  readonly keyIssuerPlaceholder?: string
  /** Help for the operator, beside a refusal's reason. */
  readonly hints?: readonly Hint[]
}
