import type { Code, DecisionRecord } from '@resource-server/core'
import { badToken, type Case, type Expected, undecided } from '../case.ts'
import { get } from '../test-app.ts'
import type { RequirementId } from '../requirements.ts'
import type { SetupName } from '../setups.ts'

const send = (token: string): string => get('/any', `Authorization: Bearer {{${token}}}`)

interface Row {
  readonly token: string
  readonly code: Code
  readonly setup?: SetupName
  readonly corpus?: readonly string[]
  readonly record?: Partial<DecisionRecord>
}

/** Whose signature does not hold, or was not looked at: one answer for all of them. */
const opaque: readonly Row[] = [
  { token: 'garbage', code: 'token_malformed' },
  { token: 'opaque', code: 'token_malformed' },
  { token: 'huge', code: 'token_too_large' },
  { token: 'encrypted', code: 'token_encrypted' },
  { token: 'header-no-json', code: 'header_malformed' },
  { token: 'payload-twice', code: 'payload_malformed' },
  { token: 'crit', code: 'header_unsupported' },
  { token: 'type-foreign', code: 'type_not_accepted' },
  { token: 'unsigned', code: 'token_malformed' },
  { token: 'hmac', code: 'algorithm_not_allowed' },
  {
    ...{ token: 'of-nobody', code: 'issuer_not_trusted', corpus: ['LEAK-oracle-sig'] },
  },
  { token: 'of-other', code: 'issuer_not_trusted' },
  { token: 'kid-unknown', code: 'key_not_found', corpus: ['LEAK-oracle-sig'] },
  {
    token: 'kid-hostile',
    code: 'key_not_found',
    corpus: ['LEAK-log-inject', 'LEAK-metrics-card'],
  },
  { token: 'kid-absent', code: 'key_ambiguous', setup: 'twofold' },
  { token: 'strangers-key', code: 'signature_invalid', corpus: ['LEAK-oracle-sig'] },
  { token: 'tampered', code: 'signature_invalid', corpus: ['LEAK-log-token'] },
]

interface Described extends Row {
  readonly detail: string
  readonly proves?: RequirementId
}

/** Whose signature holds: the caller, who can read the token as well, is told what is wrong. */
const described: readonly Described[] = [
  {
    ...{ token: 'id', code: 'not_an_access_token', detail: 'This is not an access token' },
    proves: 'token-kind',
  },
  {
    token: 'no-subject',
    code: 'claim_missing',
    detail: 'The access token lacks a required claim',
  },
  {
    token: 'nbf-text',
    code: 'claim_malformed',
    detail: 'A claim of the access token is malformed',
  },
  {
    token: 'expired',
    code: 'token_expired',
    detail: 'The access token expired',
    corpus: ['LEAK-oracle-claims', 'HTTP-cache-headers'],
  },
  { token: 'early', code: 'token_not_yet_valid', detail: 'The access token is not valid yet' },
  {
    ...{
      token: 'long-lived',
      code: 'lifetime_too_long',
      detail: 'The access token lives too long',
    },
    setup: 'limited',
  },
  {
    token: 'for-others',
    code: 'audience_mismatch',
    detail: 'The access token is meant for another audience',
    proves: 'token-for-us',
  },
  {
    ...{
      token: 'bound',
      code: 'binding_unsupported',
      detail: 'The access token is bound to a key',
    },
    proves: 'bound-token',
  },
  {
    token: 'actor-text',
    code: 'actor_malformed',
    detail: 'The actor of the access token is malformed',
  },
  {
    token: 'actors-nine',
    code: 'actor_chain_too_long',
    detail: 'The access token names too many actors',
  },
]

/** RFC 9110 section 10.2.3, where there is something to wait for. */
const outages: readonly (Row & { readonly setup: SetupName })[] = [
  { token: 'of-silent', code: 'keys_unavailable', setup: 'silent', corpus: ['LEAK-jwks-err'] },
  { token: 'of-impostor', code: 'metadata_rejected', setup: 'impostor' },
]

function caseOf(row: Row, proves: Case['proves'], expected: Expected): Case {
  const { token, setup, corpus } = row
  return {
    id: `token-${token}`,
    proves,
    ...(setup && { setup }),
    ...(corpus && { corpus }),
    request: send(token),
    expect: [expected],
  }
}

export const tokenCases: readonly Case[] = [
  ...opaque.map((row) =>
    caseOf(
      row,
      ['no-oracle', 'invalid-token', 'no-secrets'],
      badToken(row.code, 'The access token is not valid', row.record),
    ),
  ),
  ...described.map((row) =>
    caseOf(row, [row.proves ?? 'token-claims', 'invalid-token'], badToken(row.code, row.detail)),
  ),
  ...outages.map((row) => caseOf(row, ['outage'], undecided(row.code))),
]
