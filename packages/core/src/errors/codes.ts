/** Whether the token was judged (`refused`) or could not be judged (`unavailable`). */
export type Category = 'refused' | 'unavailable'

/** Error codes that may appear in a challenge: RFC 6750 section 3.1 and RFC 9470 section 3. */
export type ChallengeError =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'

/** What one code means on the wire and where that is written. */
export interface CodeEntry {
  readonly category: Category
  /** HTTP status of the reply. */
  readonly status: 400 | 401 | 403 | 503
  /** The challenge's `error`; absent where the challenge stays bare or none is sent. */
  readonly error?: ChallengeError
  /** All that the caller is told; one sentence for every refusal before the signature holds. */
  readonly description: string
  /** Where the rule stands. */
  readonly spec: string
}

/** Every code there is. Switch over it exhaustively; messages may change, codes do not. */
export type Code =
  | 'credential_missing'
  | 'credential_scheme_unsupported'
  | 'credential_repeated'
  | 'credential_malformed'
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
  | 'actor_malformed'
  | 'actor_chain_too_long'
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
/** "Higher privileges than provided by the access token": scopes, roles and permissions alike. */
const beyond = row('refused', 403, 'insufficient_scope')
const forbidden = row('refused', 403)
const unavailable = row('unavailable', 503)

/** Before the signature holds, every refusal reads the same: the wire is no oracle. */
const opaque = (spec: string): CodeEntry => badToken('The access token is not valid', spec)

const noCredential = 'This resource needs an access token'
const noVerdict = 'The access token cannot be checked at the moment'

/** The only table of codes. Codes are public and closed; the texts beside them are not. */
export const codes: Readonly<Record<Code, CodeEntry>> = Object.freeze({
  // What the request carried
  credential_missing: bare(noCredential, rfc(6750, '3.1')),
  credential_scheme_unsupported: bare(noCredential, rfc(6750, '3')),
  credential_repeated: badRequest('The request carries more than one credential', rfc(6750, '3.1')),
  credential_malformed: badRequest('The Authorization header is malformed', rfc(6750, '2.1')),

  // The shape of the token
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

  // What it says
  not_an_access_token: badToken('This is not an access token', rfc(9068, '5')),
  claim_missing: badToken('The access token lacks a required claim', rfc(9068, '2.2')),
  claim_malformed: badToken('A claim of the access token is malformed', rfc(7519, '4.1')),
  token_expired: badToken('The access token expired', rfc(7519, '4.1.4')),
  token_not_yet_valid: badToken('The access token is not valid yet', rfc(7519, '4.1.5')),
  lifetime_too_long: badToken('The access token lives too long', rfc(6750, '5.3')),
  audience_mismatch: badToken('The access token is meant for another audience', rfc(9068, '4')),
  binding_unsupported: badToken('The access token is bound to a key', rfc(9449, '7.2')),
  actor_malformed: badToken('The actor of the access token is malformed', rfc(8693, '4.1')),
  actor_chain_too_long: badToken('The access token names too many actors', rfc(8693, '4.1')),

  // What the route asks for
  scope_insufficient: beyond('The access token lacks a required scope', rfc(6750, '3.1')),
  role_insufficient: beyond('The access token lacks a required privilege', rfc(6750, '3.1')),
  permission_insufficient: beyond('The access token lacks a required privilege', rfc(6750, '3.1')),
  authentication_insufficient: row(
    'refused',
    401,
    'insufficient_user_authentication',
  )('A fresher or stronger sign-in is required', rfc(9470, '3')),
  actor_not_allowed: forbidden('The acting party is not allowed here', rfc(8693, '4.1')),
  delegation_required: forbidden('Only delegated access is allowed here', rfc(8693, '4.1')),
  delegation_forbidden: forbidden('Delegated access is not allowed here', rfc(8693, '4.1')),
  client_not_allowed: forbidden('Only exchanged access tokens are allowed here', rfc(8693, '1')),
  claim_not_accepted: forbidden('Access is not allowed', rfc(9110, '15.5.4')),
  policy_denied: forbidden('Access is not allowed', rfc(9110, '15.5.4')),

  // No verdict
  keys_unavailable: unavailable(noVerdict, rfc(9110, '15.6.4')),
  metadata_rejected: unavailable(noVerdict, rfc(8414, '3.3')),
  verification_failed: unavailable(noVerdict, rfc(9110, '15.6.4')),
})

/** The names of the statuses above: RFC 9110 section 15. */
export const titles: Readonly<Record<CodeEntry['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}
