import type { Code } from '../errors/codes.ts'

/** An actor in a record. */
export interface RecordedActor {
  readonly issuer: string
  readonly subject: string
  readonly clientId?: string
}

/** Who acts for the subject: RFC 8693 section 4.1. */
export interface RecordedChain {
  /** Who acts now, then who acted before. Those that cannot be read, and all after them, are left out. */
  readonly actors: readonly RecordedActor[]
  /** How many actors the token names, with those that are left out. */
  readonly depth: number
  /** Whether some are left out. Their token was refused. */
  readonly truncated: boolean
}

/** What the token said of itself before anybody checked it: escaped, at most 128 characters each. */
export interface UnverifiedNames {
  readonly issuer?: string
  readonly kid?: string
  readonly alg?: string
}

/**
 * What is odd about a token and no reason to refuse it.
 *
 * - `actor_repeated`: the same actor is named more than once.
 * - `actor_is_subject`: the current actor is the subject.
 * - `actor_claims_ignored`: `exp`, `nbf`, `aud` or `cnf` stand inside `act`, where they mean nothing.
 */
export type Anomaly = 'actor_repeated' | 'actor_is_subject' | 'actor_claims_ignored'

/**
 * Why a request was let in or not. One for each request, with its checks in the order they ran. It
 * holds verified claims and no secret: no token, no key. A change of what a member means raises
 * `version`; a new member does not, so read those you know.
 */
export interface DecisionRecord {
  readonly version: 1
  /** When the decision was made: RFC 3339, UTC. */
  readonly time: string
  readonly outcome: 'granted' | 'refused' | 'unavailable'
  /** Absent where access was granted. */
  readonly code?: Code
  /** For the operator; absent where access was granted. */
  readonly reason?: string
  /** The guard that decided: the one that refused, or the last one that let the request through. */
  readonly guard?: string
  readonly checks: readonly { readonly guard: string; readonly passed: boolean }[]
  /** Absent where there was no request. */
  readonly request?: {
    readonly method: string
    /** Without the query, which may hold secrets. Absent where subjects are hashed. */
    readonly path?: string
    /** The pattern of the route, such as `/orders/:id`, where the host knows it. */
    readonly route?: string
  }
  /** Milliseconds that the decision took, without the handler. */
  readonly durationMs?: number
  /** Milliseconds of these that went into the token. */
  readonly verificationMs?: number
  /** Whether a cached verification answered. */
  readonly cached?: boolean
  /** The names that this service goes by: one of them had to be in `audience`. */
  readonly requiredAudience?: readonly string[]
  /** The scopes that guards asked for, up to the one that decided. */
  readonly requiredScopes?: readonly string[]
  readonly subject?: string
  readonly issuer?: string
  readonly clientId?: string
  /** Who acts now. */
  readonly actor?: RecordedActor
  readonly chain?: RecordedChain
  readonly audience?: readonly string[]
  readonly scopes?: readonly string[]
  /** Of the key that verified the token. */
  readonly kid?: string
  readonly alg?: string
  readonly jti?: string
  /** SHA-256 of the token in base64url, as RFC 9449 has it in `ath`, where there is no verified `jti`. */
  readonly tokenSha256?: string
  /** Absent where there are none. */
  readonly anomalies?: readonly Anomaly[]
  /** The claims that `records.claims` names, as far as the token has them. */
  readonly claims?: { readonly [name: string]: unknown }
  /** Only where the signature was not verified. */
  readonly unverified?: UnverifiedNames
  /** How many records before this one `onDecision` did not take: it threw, rejected or was too slow. */
  readonly lost?: number
}

/** The part of a record that depends on how far the token came. */
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

/** The part of a record that its recorder adds. */
export type RecordBody = Omit<DecisionRecord, 'version' | 'lost'>
