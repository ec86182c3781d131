import type { Clock } from '../lib/clock.ts'
import type { JwtVerifier } from './other-jwt.ts'

/** The part of a verified token that identifies it, for revocation. */
export interface RevocableToken {
  readonly issuer: string
  readonly subject: string
  readonly clientId: string | undefined
  /** The current actor. */
  readonly actor: { readonly issuer: string; readonly subject: string } | undefined
  /** All claims except `act`. `iat` is in seconds since the epoch. */
  readonly claims: { readonly iat: number; readonly [name: string]: unknown }
}

/**
 * What a check found. `revoked`: the token is refused with 401 `invalid_token`. `unavailable`: it is not known
 * whether the token was revoked, so the response is 503. `stale`: the same, but the token passes, and the
 * decision record says so. The reason is for the operator.
 */
export type RevocationFinding =
  | { readonly outcome: 'revoked'; readonly reason: string }
  | { readonly outcome: 'unavailable'; readonly reason: string; readonly retryAfter?: number }
  | { readonly outcome: 'stale' }

/** The state of revocation, for a health endpoint. Contains no secrets. */
export interface RevocationHealth {
  /**
   * - `current`: every revocation that other processes have published is known here.
   * - `stale`: some may be missing.
   */
  readonly state: 'current' | 'stale'
  /** How revocations reach this process, such as `memory`. */
  readonly source: string
  /** How many revocations are in memory. */
  readonly entries: number
  /** Seconds since the source was last known to be up to date. Absent if it never was. */
  readonly age?: number
  /** Why the state is `stale`. */
  readonly lastError?: string
}

/** What a verifier passes to `connect` when the verifier is created. */
export interface RevocationContext {
  /** The verifier's clock. `schedule` starts a timer that does not keep the process alive. */
  readonly clock: Required<Clock>
  /** In seconds. */
  readonly clockTolerance: number
  /** In seconds. `undefined` if the lifetime of tokens is not limited. */
  readonly maxLifetime: number | undefined
  /** Whether tokens from this issuer may be accepted. */
  readonly trusts: (issuer: string) => boolean
  /** Verifies the trusted issuers' JWTs other than access tokens, such as logout tokens. */
  readonly verifyJwt: JwtVerifier
  /**
   * Prints a warning, unless the option `log` is `off`. The message must not contain tokens or secrets. Returns
   * whether it was printed.
   */
  readonly warn: (message: string) => boolean
}

/** Checks tokens for one verifier. */
export interface RevocationChecker {
  /**
   * Whether the token was revoked. Called for each token that passed all other checks, cached or not. It must
   * answer from memory, so that no request waits. If it throws, the response is 503.
   */
  readonly check: (token: RevocableToken) => RevocationFinding | undefined
  /**
   * Calls the listener after revocations are added, so that watched tokens are checked again.
   *
   * @returns a function that ends the subscription
   */
  readonly subscribe: (listener: () => void) => () => void
  /** Whether requests can be answered. For the readiness probe. */
  readonly ready: () => boolean
  /** Resolves when requests can be answered. Rejects if that takes too long. */
  readonly warmUp: () => Promise<void>
  readonly health: () => RevocationHealth
  /** Stops the background work for this verifier. */
  readonly close: () => void
}

/**
 * A source of revocations: the option `revocation`. `@resource-server/revocation` provides an implementation with an
 * in-memory list and feeds between processes.
 *
 * @example
 * import type { Revocation } from '@resource-server/core'
 *
 * // Refuses the tokens of clients that this process has blocked.
 * export const blocked = new Set<string>()
 * export const blockedClients: Revocation = {
 *   connect: () => ({
 *     check: ({ clientId = '' }) =>
 *       blocked.has(clientId) ? { outcome: 'revoked', reason: 'the client is blocked' } : undefined,
 *     subscribe: () => () => {},
 *     ready: () => true,
 *     warmUp: async () => {},
 *     health: () => ({ state: 'current', source: 'memory', entries: blocked.size }),
 *     close: () => {},
 *   }),
 * }
 */
export interface Revocation {
  /**
   * Called once by each verifier or resource server that uses the source.
   *
   * @throws ConfigError if the verifier's options don't work with the source
   */
  readonly connect: (context: RevocationContext) => RevocationChecker
}
