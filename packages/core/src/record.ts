import type { Code } from './codes.ts'

/** An actor in a record. */
export interface RecordedActor {
  readonly issuer: string
  readonly subject: string
  readonly clientId?: string
}

/** What the token said of itself before anybody checked it: escaped, at most 128 characters each. */
export interface UnverifiedNames {
  readonly issuer?: string
  readonly kid?: string
  readonly alg?: string
}

/**
 * Why a request was let in or not. One for each request, with its checks in the order they ran. It
 * holds verified claims and no secret: no token, no key. Versioned by `version`.
 */
export interface DecisionRecord {
  readonly version: 1
  /** RFC 3339, UTC. */
  readonly time: string
  readonly outcome: 'granted' | 'refused' | 'undecided'
  /** Absent where access was granted. */
  readonly code?: Code
  /** For the operator; absent where access was granted. */
  readonly reason?: string
  readonly checks: readonly { readonly guard: string; readonly passed: boolean }[]
  /** Without the query, which may hold secrets. Absent where there was no request. */
  readonly request?: { readonly method: string; readonly path: string }
  readonly subject?: string
  readonly issuer?: string
  readonly clientId?: string
  readonly actor?: RecordedActor
  readonly priorActors?: readonly RecordedActor[]
  readonly audience?: readonly string[]
  readonly scopes?: readonly string[]
  /** Only where the signature was not verified. */
  readonly unverified?: UnverifiedNames
}

/** The part of a record that depends on how far the token came. */
export type Identity = Pick<
  DecisionRecord,
  'subject' | 'issuer' | 'clientId' | 'actor' | 'priorActors' | 'audience' | 'scopes' | 'unverified'
>
