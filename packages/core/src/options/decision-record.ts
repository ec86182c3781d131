import type { Code } from '../errors/codes.ts'

/** An actor in a record (RFC 8693 section 4.1). */
export interface RecordedActor {
  readonly issuer: string
  readonly subject: string
  readonly clientId?: string
}

/** The actors of a token (RFC 8693 section 4.1). */
export interface RecordedChain {
  /** The current actor, followed by the prior actors. Ends before the first actor that is malformed. */
  readonly actors: readonly RecordedActor[]
  /** How many actors the token names, including those that are not in `actors`. */
  readonly depth: number
  /** Whether `actors` is incomplete. Such a token is always refused. */
  readonly truncated: boolean
}

/** Unverified values from the token or its DPoP proof, escaped and cut to 128 characters each. */
export interface UnverifiedNames {
  readonly issuer?: string
  readonly kid?: string
  readonly alg?: string
  /** The method in a DPoP proof. */
  readonly htm?: string
  /** The URL in a DPoP proof. Absent if `records.pseudonymKey` is set. */
  readonly htu?: string
}

/** How a token is bound to the client's key (RFC 7800), as thumbprints. */
export interface RecordedBinding {
  /** The scheme that the token was sent with. */
  readonly scheme: 'Bearer' | 'DPoP'
  /** The key in `cnf.jkt` (RFC 9449 section 6.1). */
  readonly jkt?: string
  /** The certificate in `cnf.x5t#S256` (RFC 8705 section 3.1). */
  readonly 'x5t#S256'?: string
  /** Present if the certificate was not checked here, because `mtls` is `{ checkedBy: 'gateway' }`. */
  readonly checkedBy?: 'gateway'
}

/**
 * Something unusual about a token that is not a reason to refuse it.
 *
 * - `actor_repeated`: the same actor occurs more than once.
 * - `actor_is_subject`: the current actor is the subject.
 * - `actor_claims_ignored`: `act` contains `exp`, `nbf`, `aud`, or `cnf`, which have no meaning there.
 * - `confirmation_ignored`: `cnf` contains members that cannot be checked, in addition
 *   to one that was.
 * - `scopes_differ`: the token has several scope claims, such as `scope` and `scp`, with different scopes.
 *   Only one of them is used.
 */
export type Anomaly =
  | 'actor_repeated'
  | 'actor_is_subject'
  | 'actor_claims_ignored'
  | 'scopes_differ'
  | 'confirmation_ignored'

/**
 * Why access was granted or not: one record per decision, with the guards in the order they ran. It
 * contains verified claims, but no token, key, or other secret. `version` increases if the meaning of
 * a member changes. New members do not increase it, so ignore members that you do not know.
 *
 * `schema/decision-record.json` in this package describes it as a JSON Schema.
 *
 * @example
 * import type { DecisionRecord } from '@resource-server/core'
 *
 * export const summary = ({ outcome, code, subject, request }: DecisionRecord): string =>
 *   `${request?.method} ${request?.route}: ${outcome} ${code ?? ''} for ${subject ?? 'anonymous'}`
 */
export interface DecisionRecord {
  readonly version: 1
  /** When the decision was made: RFC 3339, in UTC. */
  readonly time: string
  /**
   * Identifies the decision. Present if another record of the same request refers to it: the record of a token
   * exchange has it as `decisionId`.
   */
  readonly id?: string
  /** `unavailable`: the token could not be verified, for example because the issuer was down. */
  readonly outcome: 'granted' | 'refused' | 'unavailable'
  /** Absent if access was granted. */
  readonly code?: Code
  /** The full reason, for the operator. Absent if access was granted. */
  readonly reason?: string
  /**
   * The claim at fault: the top-level name, such as `exp` or `act`. Absent if access was granted, or if no single
   * claim is at fault.
   */
  readonly claim?: string
  /** The guard that decided: the one that refused, or the last one that passed. */
  readonly guard?: string
  /** The guards that ran, in order. */
  readonly checks: readonly { readonly guard: string; readonly passed: boolean }[]
  /** Absent if the token was verified without a request. */
  readonly request?: {
    readonly method: string
    /** Without the query, which may contain secrets. Absent if `records.pseudonymKey` is set. */
    readonly path?: string
    /**
     * The pattern of the route, such as `/orders/:id`. Absent if the framework does not provide it, which is the case
     * under a mount path on Express.
     */
    readonly route?: string
  }
  /** How long the decision took, in milliseconds, excluding the request handler. */
  readonly durationMs?: number
  /** How much of `durationMs` was spent on verifying the token. */
  readonly verificationMs?: number
  /** Whether the result of verifying the token came from the cache. */
  readonly cached?: boolean
  /** The accepted audiences. The token must contain at least one of them. */
  readonly requiredAudience?: readonly string[]
  /** The scopes required by the guards that ran. */
  readonly requiredScopes?: readonly string[]
  /** The verified `sub`, or its pseudonym if `records.pseudonymKey` is set. */
  readonly subject?: string
  readonly issuer?: string
  readonly clientId?: string
  /** The current actor. Absent if the token has no `act`. */
  readonly actor?: RecordedActor
  /** The current actor and the prior actors. Absent if the token has no `act`. */
  readonly chain?: RecordedChain
  readonly audience?: readonly string[]
  readonly scopes?: readonly string[]
  /** The ID of the key that verified the token. */
  readonly kid?: string
  /** The algorithm of the verified signature. */
  readonly alg?: string
  readonly jti?: string
  /**
   * The SHA-256 of the token in base64url, like `ath` in RFC 9449. Present only if there is no
   * verified `jti`.
   */
  readonly tokenSha256?: string
  /** Absent if there are no anomalies. */
  readonly anomalies?: readonly Anomaly[]
  /** Absent if the token is not bound and was sent as a bearer token. */
  readonly binding?: RecordedBinding
  /**
   * `stale`: access was granted although revocations may be missing, because `whenStale` allows it. Absent
   * otherwise.
   */
  readonly revocations?: 'stale'
  /**
   * `stale`: the answer from the introspection endpoint was older than allowed, because the endpoint was
   * unavailable and the configuration allows it. Absent otherwise.
   */
  readonly introspection?: 'stale'
  /** The claims named in `records.claims` that the token has. */
  readonly claims?: { readonly [name: string]: unknown }
  /** What was not verified: a token whose signature was not checked, or a refused DPoP proof. */
  readonly unverified?: UnverifiedNames
  /**
   * How many records were lost before this one, because `onDecision` threw or rejected, or because too
   * many of its promises were pending.
   */
  readonly lost?: number
}

/** The part of a record that describes the token. It depends on how far verification got. */
export type Identity = Pick<
  DecisionRecord,
  | 'cached'
  | 'subject'
  | 'issuer'
  | 'clientId'
  | 'actor'
  | 'chain'
  | 'audience'
  | 'scopes'
  | 'kid'
  | 'alg'
  | 'jti'
  | 'tokenSha256'
  | 'anomalies'
  | 'claims'
  | 'unverified'
>

/** A record before the reporter adds `version` and `lost`. */
export type RecordBody = Omit<DecisionRecord, 'version' | 'lost'>
