import {
  badRequest,
  badToken,
  type Case,
  type Expected,
  forbidden,
  granted,
  lacksScope,
  noCredential,
  refused,
} from '../case.ts'
import { ask, get } from '../test-app.ts'

const anonymous = granted('anonymous')
const expired = badToken('token_expired', 'The access token expired')
const preflight = ['Origin: https://shop.test', 'Access-Control-Request-Method: GET']

/** There is no decision about a preflight: nobody was let in or kept out. */
const { record: _, ...unrecorded } = granted('preflight')

/** The status and the challenge reach the caller; the rest is the host's. */
const thrown = ({ status, challenges, record }: Expected): Expected => ({
  status,
  ...(challenges && { challenges }),
  ...(record && { record }),
})

export const optionCases: readonly Case[] = [
  {
    id: 'optional-anonymous',
    proves: ['optional'],
    setup: 'optional',
    request: get('/orders'),
    expect: [anonymous],
  },
  {
    id: 'optional-good',
    proves: ['optional', 'attached-token'],
    setup: 'optional',
    request: get('/orders', 'Authorization: Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'optional-expired',
    proves: ['optional'],
    setup: 'optional',
    request: get('/orders', 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
  {
    id: 'optional-empty-header',
    proves: ['optional'],
    setup: 'optional',
    request: get('/orders', 'Authorization:'),
    expect: [badRequest('credential_malformed', 'The Authorization header is malformed')],
  },
  {
    id: 'optional-other-scheme',
    proves: ['optional'],
    setup: 'optional',
    request: get('/orders', 'Authorization: Basic dXNlcjpwYXNz'),
    expect: [
      refused({
        status: 401,
        code: 'credential_scheme_unsupported',
        detail: 'This resource needs an access token',
      }),
    ],
  },
  {
    id: 'optional-scope',
    proves: ['optional'],
    setup: 'optional',
    request: get('/read'),
    expect: [noCredential],
  },
  {
    id: 'direct-only-delegated',
    proves: ['policy-refusal'],
    setup: 'direct',
    request: get('/any', 'Authorization: Bearer {{delegated}}'),
    expect: [forbidden('delegation_forbidden', 'Delegated access is not allowed here')],
  },
  {
    id: 'preflight-passes',
    proves: ['preflight'],
    corpus: ['HTTP-options'],
    setup: 'preflight',
    request: ask('OPTIONS', '/orders', ...preflight),
    expect: [unrecorded],
  },
  {
    id: 'preflight-not-asked-for',
    proves: ['preflight'],
    request: ask('OPTIONS', '/orders', ...preflight),
    expect: [noCredential],
  },
  {
    id: 'preflight-without-origin',
    proves: ['preflight'],
    setup: 'preflight',
    request: ask('OPTIONS', '/orders', 'Access-Control-Request-Method: GET'),
    expect: [noCredential],
  },
  {
    id: 'preflight-by-get',
    proves: ['preflight'],
    setup: 'preflight',
    request: get('/orders', ...preflight),
    expect: [noCredential],
  },
  {
    id: 'quoted-realm',
    proves: ['quoting'],
    setup: 'quoted',
    request: get('/any'),
    expect: [
      refused({
        status: 401,
        code: 'credential_missing',
        detail: 'This resource needs an access token',
        realm: String.raw`realm="orders \"v1\" \\ , Basic realm=\"x"`,
      }),
    ],
  },
  {
    id: 'thrown-credential',
    proves: ['thrown'],
    setup: 'thrown',
    request: get('/any'),
    expect: [thrown(noCredential)],
  },
  {
    id: 'thrown-token',
    proves: ['thrown', 'no-secrets'],
    corpus: ['LEAK-err-cause'],
    setup: 'thrown',
    request: get('/any', 'Authorization: Bearer {{expired}}'),
    expect: [thrown(expired)],
  },
  {
    id: 'thrown-scope',
    proves: ['thrown'],
    setup: 'thrown',
    request: get('/read', 'Authorization: Bearer {{good}}'),
    expect: [thrown(lacksScope('orders:read'))],
  },
  {
    id: 'listener-throws-granted',
    proves: ['one-record'],
    setup: 'listener-throws',
    request: get('/any', 'Authorization: Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'listener-throws-refused',
    proves: ['one-record'],
    setup: 'listener-throws',
    request: get('/any', 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
]
