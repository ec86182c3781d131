/** Something unexpected in the result of an exchange that did not cause a refusal. */
export type ExchangeAnomaly = 'scope_narrower' | 'lifetime_malformed'

/**
 * What happened when a service needed a token for the next service: one record for each call, with claims and
 * names only. It contains no token, secret, or key. New members do not increase `version`, so ignore members
 * that you do not know.
 *
 * @example
 * import type { ExchangeRecord } from '@resource-server/core/client'
 *
 * export const summary = ({ outcome, target, code, reason }: ExchangeRecord): string =>
 *   `${target.join(' ')}: ${outcome} ${code ?? ''} ${reason ?? ''}`
 */
export interface ExchangeRecord {
  readonly version: 1
  readonly kind: 'exchange'
  /** When the call ended: RFC 3339, in UTC. */
  readonly time: string
  /**
   * `exchanged`: the authorization server issued a token. `cached`: an earlier one was used. `refused`: the
   * caller's token does not suffice. `unavailable`: the authorization server failed, or the configuration is wrong.
   */
  readonly outcome: 'exchanged' | 'cached' | 'refused' | 'unavailable'
  /** Why there is no token. Absent if there is one. */
  readonly code?: string
  /** The `error` from the authorization server, if it sent a known one. */
  readonly error?: string
  /** The full reason, for the operator. Absent if there is a token. */
  readonly reason?: string
  /** The `id` of the decision record of the same request. */
  readonly decisionId: string
  readonly issuer: string
  /** The client that exchanges the token: this service. */
  readonly clientId: string
  /** The subject of the caller's token, or its pseudonym. */
  readonly subject: string
  /** The audiences and resources that were requested. */
  readonly target: readonly string[]
  readonly requestedScopes?: readonly string[]
  /** The scopes of the new token, as far as they are known. */
  readonly scopes?: readonly string[]
  /** Where the token was found. Absent if it was not in a cache. */
  readonly cache?: 'memory' | 'store'
  /** Whether another call for the same token made the request. */
  readonly shared?: true
  /** How long the call took, in milliseconds. */
  readonly durationMs: number
  /** The `jti` of the caller's token. */
  readonly subjectJti?: string
  /** The SHA-256 of the caller's token in base64url, if it has no `jti`. */
  readonly subjectTokenSha256?: string
  /** The `jti` of the new token. It is not verified: the next service does that. */
  readonly jti?: string
  /** The SHA-256 of the new token in base64url, if it has no readable `jti`. */
  readonly tokenSha256?: string
  /** Whether the new token is bound to a DPoP key of this service. */
  readonly bound?: true
  /** Absent if there are no anomalies. */
  readonly anomalies?: readonly ExchangeAnomaly[]
}
