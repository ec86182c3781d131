import type { Code } from '@resource-server/core'
import { type Case, type ExpectedResponse, invalidToken, unavailable } from '../case.ts'
import { formatGet } from '../raw-http.ts'
import type { RequirementId } from '../requirements.ts'
import type { SetupName } from '../setups.ts'

interface Row {
  readonly token: string
  readonly code: Code
  readonly setup?: SetupName
  readonly corpus?: readonly string[]
}

/** The signature is not valid or was not verified. All of them get the same response. */
const unverified: readonly Row[] = [
  { token: 'garbage', code: 'token_malformed' },
  { token: 'opaque', code: 'token_malformed' },
  { token: 'huge', code: 'token_too_large' },
  { token: 'encrypted', code: 'token_encrypted' },
  { token: 'invalid-json-header', code: 'header_malformed' },
  { token: 'duplicate-member', code: 'payload_malformed' },
  { token: 'crit', code: 'header_unsupported' },
  { token: 'wrong-typ', code: 'type_not_accepted' },
  { token: 'unsigned', code: 'token_malformed' },
  { token: 'hmac', code: 'algorithm_not_allowed' },
  { token: 'unknown-issuer', code: 'issuer_not_trusted', corpus: ['LEAK-oracle-sig'] },
  { token: 'other-issuer', code: 'issuer_not_trusted' },
  { token: 'unknown-kid', code: 'key_not_found', corpus: ['LEAK-oracle-sig'] },
  {
    token: 'hostile-kid',
    code: 'key_not_found',
    corpus: ['LEAK-log-inject', 'LEAK-metrics-card'],
  },
  { token: 'ambiguous-key', code: 'key_ambiguous', setup: 'issuer-with-two-keys' },
  { token: 'unknown-key', code: 'signature_invalid', corpus: ['LEAK-oracle-sig'] },
  { token: 'tampered', code: 'signature_invalid', corpus: ['LEAK-log-token'] },
]

interface VerifiedRow extends Row {
  readonly detail: string
  readonly proves?: RequirementId
}

/** The signature is valid, so the caller may learn the reason: the caller can read the token anyway. */
const verified: readonly VerifiedRow[] = [
  {
    token: 'id-token',
    code: 'not_an_access_token',
    detail: 'The token is not an access token',
    proves: 'token-type',
  },
  {
    token: 'no-subject',
    code: 'claim_missing',
    detail: 'The access token lacks a required claim',
  },
  {
    token: 'nbf-string',
    code: 'claim_malformed',
    detail: 'A claim of the access token is malformed',
  },
  {
    token: 'expired',
    code: 'token_expired',
    detail: 'The access token expired',
    corpus: ['LEAK-oracle-claims', 'HTTP-cache-headers'],
  },
  {
    token: 'not-yet-valid',
    code: 'token_not_yet_valid',
    detail: 'The access token is not valid yet',
  },
  {
    token: 'long-lived',
    code: 'lifetime_too_long',
    detail: "The token's lifetime exceeds the maximum",
    setup: 'max-lifetime',
  },
  {
    token: 'other-audience',
    code: 'audience_mismatch',
    detail: 'The access token is meant for another audience',
    proves: 'audience',
  },
  {
    token: 'key-bound',
    code: 'binding_unsupported',
    detail: 'The access token is bound to a key',
    proves: 'bound-token',
  },
  {
    token: 'actor-string',
    code: 'actor_malformed',
    detail: 'The actor of the access token is malformed',
  },
  {
    token: 'nine-actors',
    code: 'actor_chain_too_long',
    detail: 'The access token has too many actors',
  },
]

/** The keys are unavailable. */
const outages: readonly Row[] = [
  {
    token: 'issuer-down',
    code: 'keys_unavailable',
    setup: 'issuer-down',
    corpus: ['LEAK-jwks-err'],
  },
  { token: 'issuer-mismatched', code: 'metadata_rejected', setup: 'issuer-mismatched' },
]

function caseOf(row: Row, proves: Case['proves'], expected: ExpectedResponse): Case {
  const { token, setup, corpus } = row
  return {
    id: `token-${token}`,
    proves,
    ...(setup && { setup }),
    ...(corpus && { corpus }),
    request: formatGet('/any', `Authorization: Bearer {{${token}}}`),
    expect: [expected],
  }
}

export const tokenCases: readonly Case[] = [
  ...unverified.map((row) =>
    caseOf(
      row,
      ['no-oracle', 'invalid-token', 'no-secrets'],
      invalidToken(row.code, 'The access token is not valid'),
    ),
  ),
  ...verified.map((row) =>
    caseOf(
      row,
      [row.proves ?? 'token-claims', 'invalid-token'],
      invalidToken(row.code, row.detail),
    ),
  ),
  ...outages.map((row) => caseOf(row, ['outage'], unavailable(row.code))),
]
