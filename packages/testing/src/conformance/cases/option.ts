import {
  type Case,
  type ExpectedResponse,
  forbidden,
  granted,
  insufficientScope,
  invalidRequest,
  invalidToken,
  noCredential,
  unsupportedScheme,
  withRealm,
} from '../case.ts'
import { formatGet, formatRequest } from '../raw-http.ts'

const anonymous = granted('anonymous')
const expired = invalidToken('token_expired', 'The access token expired')
const malformed = invalidRequest('credential_malformed', 'The credential is malformed')
const repeated = invalidRequest(
  'credential_repeated',
  'The request carries more than one credential',
)
const preflight = ['Origin: https://shop.test', 'Access-Control-Request-Method: GET']

/** A preflight is not a decision, so it has no record. */
const { record: _, ...passedPreflight } = granted('preflight')

/** The framework's error handling writes the body. The status and the challenge are ours. */
const thrown = ({ status, challenges, record }: ExpectedResponse): ExpectedResponse => ({
  status,
  ...(challenges && { challenges }),
  ...(record && { record }),
})

export const optionCases: readonly Case[] = [
  {
    id: 'optional-without-credential',
    proves: ['optional'],
    setup: 'optional',
    request: formatGet('/orders'),
    expect: [anonymous],
  },
  {
    id: 'optional-with-valid-token',
    proves: ['optional', 'attached-token'],
    setup: 'optional',
    request: formatGet('/orders', 'Authorization: Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'optional-with-expired-token',
    proves: ['optional'],
    setup: 'optional',
    request: formatGet('/orders', 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
  {
    id: 'optional-with-empty-header',
    proves: ['optional'],
    setup: 'optional',
    request: formatGet('/orders', 'Authorization:'),
    expect: [invalidRequest('credential_malformed', 'The credential is malformed')],
  },
  {
    id: 'optional-with-another-scheme',
    proves: ['optional'],
    setup: 'optional',
    request: formatGet('/orders', 'Authorization: Basic dXNlcjpwYXNz'),
    expect: [unsupportedScheme],
  },
  {
    id: 'ignored-scheme-basic',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Basic dXNlcjpwYXNz'),
    expect: [anonymous],
  },
  {
    id: 'ignored-scheme-with-parameters',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Digest username="a", realm="b", uri="/orders"'),
    expect: [anonymous],
  },
  {
    id: 'ignored-scheme-on-a-scope-guard',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/read', 'Authorization: Basic dXNlcjpwYXNz'),
    expect: [unsupportedScheme],
  },
  {
    id: 'ignored-scheme-with-valid-token',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'ignored-scheme-with-expired-token',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
  {
    id: 'ignored-scheme-with-malformed-token',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Bearer a b'),
    expect: [malformed],
  },
  {
    id: 'ignored-scheme-without-token',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Bearer'),
    expect: [malformed],
  },
  {
    id: 'ignored-scheme-misspelled',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Bearer: {{good}}'),
    expect: [unsupportedScheme],
  },
  {
    id: 'ignored-scheme-of-similar-name',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: BearerX {{good}}'),
    expect: [unsupportedScheme],
  },
  {
    id: 'ignored-scheme-absent',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: {{good}}'),
    expect: [unsupportedScheme],
  },
  {
    id: 'ignored-scheme-empty-header',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: '),
    expect: [malformed],
  },
  {
    id: 'ignored-scheme-and-token',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet(
      '/orders',
      'Authorization: Basic dXNlcjpwYXNz',
      'Authorization: Bearer {{good}}',
    ),
    expect: [repeated],
  },
  {
    id: 'ignored-scheme-joined-with-token',
    proves: ['ignored-schemes'],
    setup: 'optional-ignoring-other-schemes',
    request: formatGet('/orders', 'Authorization: Basic dXNlcjpwYXNz, Bearer {{good}}'),
    expect: [repeated],
  },
  {
    id: 'optional-on-a-scope-guard',
    proves: ['optional'],
    setup: 'optional',
    request: formatGet('/read'),
    expect: [noCredential],
  },
  {
    id: 'direct-only-with-delegated-token',
    proves: ['policy-refusal'],
    setup: 'direct-only',
    request: formatGet('/any', 'Authorization: Bearer {{delegated}}'),
    expect: [forbidden('delegation_forbidden', 'Delegated access is not allowed here')],
  },
  {
    id: 'preflight-allowed',
    proves: ['preflight'],
    corpus: ['HTTP-options'],
    setup: 'allow-preflight',
    request: formatRequest('OPTIONS', '/orders', ...preflight),
    expect: [passedPreflight],
  },
  {
    id: 'preflight-not-allowed',
    proves: ['preflight'],
    request: formatRequest('OPTIONS', '/orders', ...preflight),
    expect: [noCredential],
  },
  {
    id: 'preflight-without-origin',
    proves: ['preflight'],
    setup: 'allow-preflight',
    request: formatRequest('OPTIONS', '/orders', 'Access-Control-Request-Method: GET'),
    expect: [noCredential],
  },
  {
    id: 'preflight-with-a-valid-token',
    proves: ['preflight'],
    setup: 'allow-preflight',
    request: formatRequest('OPTIONS', '/orders', ...preflight, 'Authorization: Bearer {{good}}'),
    expect: [granted('preflight')],
  },
  {
    id: 'preflight-with-an-expired-token',
    proves: ['preflight'],
    setup: 'allow-preflight',
    request: formatRequest('OPTIONS', '/orders', ...preflight, 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
  {
    id: 'preflight-with-another-scheme',
    proves: ['preflight'],
    setup: 'allow-preflight',
    request: formatRequest('OPTIONS', '/orders', ...preflight, 'Authorization: Basic dXNlcjpwYXNz'),
    expect: [unsupportedScheme],
  },
  {
    id: 'preflight-headers-on-get',
    proves: ['preflight'],
    setup: 'allow-preflight',
    request: formatGet('/orders', ...preflight),
    expect: [noCredential],
  },
  {
    id: 'realm-with-quotes',
    proves: ['quoting'],
    setup: 'realm-with-quotes',
    request: formatGet('/any'),
    expect: [withRealm(noCredential, String.raw`realm="orders \"v1\" \\ , Basic realm=\"x"`)],
  },
  {
    id: 'throw-refusals-without-credential',
    proves: ['thrown-refusal'],
    setup: 'throw-refusals',
    request: formatGet('/any'),
    expect: [thrown(noCredential)],
  },
  {
    id: 'throw-refusals-with-expired-token',
    proves: ['thrown-refusal', 'no-secrets'],
    corpus: ['LEAK-err-cause'],
    setup: 'throw-refusals',
    request: formatGet('/any', 'Authorization: Bearer {{expired}}'),
    expect: [thrown(expired)],
  },
  {
    id: 'throw-refusals-with-insufficient-scope',
    proves: ['thrown-refusal'],
    setup: 'throw-refusals',
    request: formatGet('/read', 'Authorization: Bearer {{good}}'),
    expect: [thrown(insufficientScope('orders:read'))],
  },
  {
    id: 'listener-throws-on-granted',
    proves: ['one-record'],
    setup: 'listener-throws',
    request: formatGet('/any', 'Authorization: Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'listener-throws-on-refused',
    proves: ['one-record'],
    setup: 'listener-throws',
    request: formatGet('/any', 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
]
