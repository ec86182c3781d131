/**
 * `refused`: the request was checked and access is denied. `unavailable`: it could not be checked, for
 * example because the issuer's keys could not be fetched. The same request may succeed later.
 */
export type Category = 'refused' | 'unavailable'

/** The values of `error` in a challenge: RFC 6750 section 3.1, RFC 9470 section 3, RFC 9449 section 7.1. */
export type ChallengeError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'

/** The HTTP response for a code, and the rule behind it. */
export interface CodeEntry {
  readonly category: Category
  /** The HTTP status of the response. */
  readonly status: 400 | 401 | 403 | 503
  /** The `error` of the challenge. Absent if the challenge has no error code, or if no challenge is sent. */
  readonly error?: ChallengeError
  /**
   * The sentence that the caller sees, in English. It is the same for every token that is refused before
   * its signature is verified.
   */
  readonly description: string
  /** The URL of the RFC section that states the rule. */
  readonly spec: string
}

/**
 * Why a request was refused or could not be checked. The set is closed, so you can `switch` over it
 * exhaustively. Codes are stable; messages are not.
 *
 * @example
 * import { codes, type Code } from '@resource-server/core'
 *
 * export const shouldRetry = (code: Code): boolean => codes[code].category === 'unavailable'
 */
export type Code =
  | 'credential_missing'
  | 'credential_scheme_unsupported'
  | 'credential_repeated'
  | 'credential_malformed'
  | 'origin_not_allowed'
  | 'token_too_large'
  | 'token_malformed'
  | 'token_encrypted'
  | 'header_malformed'
  | 'payload_malformed'
  | 'header_unsupported'
  | 'type_not_accepted'
  | 'algorithm_not_allowed'
  | 'issuer_not_trusted'
  | 'key_not_found'
  | 'key_ambiguous'
  | 'signature_invalid'
  | 'not_an_access_token'
  | 'claim_missing'
  | 'claim_malformed'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'lifetime_too_long'
  | 'audience_mismatch'
  | 'binding_unsupported'
  | 'binding_required'
  | 'binding_unproven'
  | 'binding_mismatch'
  | 'actor_malformed'
  | 'actor_chain_too_long'
  | 'token_inactive'
  | 'token_revoked'
  | 'proof_missing'
  | 'proof_malformed'
  | 'proof_signature_invalid'
  | 'proof_mismatch'
  | 'proof_not_current'
  | 'proof_nonce_required'
  | 'proof_replayed'
  | 'token_denied'
  | 'scope_insufficient'
  | 'role_insufficient'
  | 'permission_insufficient'
  | 'authentication_insufficient'
  | 'actor_not_allowed'
  | 'delegation_required'
  | 'delegation_forbidden'
  | 'client_not_allowed'
  | 'claim_not_accepted'
  | 'policy_denied'
  | 'keys_unavailable'
  | 'metadata_rejected'
  | 'replay_store_unavailable'
  | 'revocations_unavailable'
  | 'introspection_unavailable'
  | 'verification_failed'

const rfc = (number: number, section: string): string =>
  `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`

const row =
  (category: Category, status: CodeEntry['status'], error?: ChallengeError) =>
  (description: string, spec: string): CodeEntry =>
    Object.freeze({ category, status, ...(error && { error }), description, spec })

const bare = row('refused', 401)
const badRequest = row('refused', 400, 'invalid_request')
const badToken = row('refused', 401, 'invalid_token')
/** RFC 6750: "requires higher privileges than provided by the access token". Also for roles and permissions. */
const insufficient = row('refused', 403, 'insufficient_scope')
const forbidden = row('refused', 403)
const unavailable = row('unavailable', 503)

/** Until the signature is verified, all refusals read the same, so that callers learn nothing by trying. */
const opaque = (spec: string): CodeEntry => badToken('The access token is not valid', spec)

/** All invalid proofs read the same, so that callers learn nothing by trying. */
const badProof = (spec: string): CodeEntry =>
  row('refused', 401, 'invalid_dpop_proof')('The DPoP proof is not valid', spec)

const noCredential = 'An access token is required'
const notVerified = 'The access token cannot be verified at the moment'

/**
 * Every code with its category, HTTP status, description, and source. Codes are stable; descriptions may
 * change.
 *
 * @example
 * import { codes } from '@resource-server/core'
 *
 * console.log(codes.audience_mismatch.status) // 401
 * console.log(codes.keys_unavailable.category) // 'unavailable'
 */
export const codes: Readonly<Record<Code, CodeEntry>> = Object.freeze({
  // What the request carried
  credential_missing: bare(noCredential, rfc(6750, '3.1')),
  credential_scheme_unsupported: bare(noCredential, rfc(6750, '3')),
  credential_repeated: badRequest('The request carries more than one credential', rfc(6750, '3.1')),
  credential_malformed: badRequest('The credential is malformed', rfc(6750, '2.1')),
  origin_not_allowed: forbidden('The origin of the request is not allowed', rfc(6265, '8.2')),

  // The form of the token
  token_too_large: opaque(rfc(7519, '7.2')),
  token_malformed: opaque(rfc(7515, '5.2')),
  token_encrypted: opaque(rfc(7516, '9')),
  header_malformed: opaque(rfc(7515, '4')),
  payload_malformed: opaque(rfc(7519, '7.2')),
  header_unsupported: opaque(rfc(7515, '4.1.11')),
  type_not_accepted: opaque(rfc(8725, '3.11')),
  algorithm_not_allowed: opaque(rfc(8725, '3.1')),

  // Who signed it
  issuer_not_trusted: opaque(rfc(8725, '3.8')),
  key_not_found: opaque(rfc(7515, '4.1.4')),
  key_ambiguous: opaque(rfc(7515, '4.1.4')),
  signature_invalid: opaque(rfc(7515, '5.2')),

  // Its claims
  not_an_access_token: badToken('The token is not an access token', rfc(9068, '5')),
  claim_missing: badToken('The access token lacks a required claim', rfc(9068, '2.2')),
  claim_malformed: badToken('A claim of the access token is malformed', rfc(7519, '4.1')),
  token_expired: badToken('The access token expired', rfc(7519, '4.1.4')),
  token_not_yet_valid: badToken('The access token is not valid yet', rfc(7519, '4.1.5')),
  lifetime_too_long: badToken("The token's lifetime exceeds the maximum", rfc(6750, '5.3')),
  audience_mismatch: badToken('The access token is meant for another audience', rfc(9068, '4')),
  binding_unsupported: badToken('The access token is bound to a key', rfc(9449, '7.2')),
  binding_required: badToken('The access token is not bound to a key', rfc(9449, '7.1')),
  binding_unproven: badToken('The access token is bound to a key', rfc(9449, '7.2')),
  binding_mismatch: badToken('The access token is bound to another key', rfc(9449, '7.1')),
  actor_malformed: badToken('The actor of the access token is malformed', rfc(8693, '4.1')),
  actor_chain_too_long: badToken('The access token has too many actors', rfc(8693, '4.1')),
  token_inactive: opaque(rfc(7662, '2.2')),
  token_revoked: badToken('The access token was revoked', rfc(6750, '3.1')),

  // The DPoP proof
  proof_missing: badProof(rfc(9449, '4.3')),
  proof_malformed: badProof(rfc(9449, '4.2')),
  proof_signature_invalid: badProof(rfc(9449, '4.3')),
  proof_mismatch: badProof(rfc(9449, '4.3')),
  proof_not_current: badProof(rfc(9449, '11.1')),
  proof_nonce_required: row(
    'refused',
    401,
    'use_dpop_nonce',
  )('The DPoP proof must contain a current nonce from this server', rfc(9449, '9')),
  proof_replayed: badProof(rfc(9449, '11.1')),

  // The requirements of the route
  token_denied: badToken('The access token is not accepted', rfc(6750, '3.1')),
  scope_insufficient: insufficient('The access token lacks a required scope', rfc(6750, '3.1')),
  role_insufficient: insufficient('The access token lacks a required privilege', rfc(6750, '3.1')),
  permission_insufficient: insufficient(
    'The access token lacks a required privilege',
    rfc(6750, '3.1'),
  ),
  authentication_insufficient: row(
    'refused',
    401,
    'insufficient_user_authentication',
  )('More recent or stronger authentication is required', rfc(9470, '3')),
  actor_not_allowed: forbidden('The actor is not allowed here', rfc(8693, '4.1')),
  delegation_required: forbidden('Only delegated access is allowed here', rfc(8693, '4.1')),
  delegation_forbidden: forbidden('Delegated access is not allowed here', rfc(8693, '4.1')),
  client_not_allowed: forbidden('The client is not allowed here', rfc(8693, '1')),
  claim_not_accepted: forbidden('Access is not allowed', rfc(9110, '15.5.4')),
  policy_denied: forbidden('Access is not allowed', rfc(9110, '15.5.4')),

  // Could not be verified
  keys_unavailable: unavailable(notVerified, rfc(9110, '15.6.4')),
  metadata_rejected: unavailable(notVerified, rfc(8414, '3.3')),
  replay_store_unavailable: unavailable(
    'The DPoP proof cannot be verified at the moment',
    rfc(9110, '15.6.4'),
  ),
  revocations_unavailable: unavailable(notVerified, rfc(9110, '15.6.4')),
  introspection_unavailable: unavailable(notVerified, rfc(9110, '15.6.4')),
  verification_failed: unavailable(notVerified, rfc(9110, '15.6.4')),
})

/** The reason phrases of the statuses above: RFC 9110 section 15. */
export const titles: Readonly<Record<CodeEntry['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

/** Where the documentation explains a code. Printed for operators, next to the reason. */
export const explanationOf = (code: Code): string => `docs/codes.md#${code}`
