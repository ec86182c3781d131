import {
  type Case,
  type ExpectedResponse,
  forbidden,
  granted,
  invalidRequest,
  invalidToken,
  noCredential,
  withMetadataUrl,
} from '../case.ts'
import { formatGet, formatRequest } from '../raw-http.ts'
import type { RequirementId } from '../requirements.ts'
import type { SetupName } from '../setups.ts'

// Tokens in a cookie, and in a header that a proxy sets.

const malformed = invalidRequest('credential_malformed', 'The credential is malformed')
const repeated = invalidRequest(
  'credential_repeated',
  'The request carries more than one credential',
)
const otherOrigin = forbidden('origin_not_allowed', 'The origin of the request is not allowed')
const user = granted('user-42')

const cookie = (value: string): string => `Cookie: __Host-session=${value}`
const withCookie = (value: string): string => formatGet('/any', cookie(value))
const bearer = 'Authorization: Bearer {{good}}'

type Row = readonly [id: string, request: string, expected: ExpectedResponse]

const casesOf = (
  proves: RequirementId,
  setup: SetupName,
  prefix: string,
  rows: readonly Row[],
): readonly Case[] =>
  rows.map(([id, request, expected]) => ({
    id: `${prefix}-${id}`,
    proves: [proves],
    setup,
    request,
    expect: [expected],
  }))

const cookieSource: readonly Row[] = [
  ['valid', withCookie('{{good}}'), user],
  ['expired', withCookie('{{expired}}'), invalidToken('token_expired', 'The access token expired')],
  ['absent', formatGet('/any'), noCredential],
  ['authorization-instead', formatGet('/any', bearer), noCredential],
  ['query-instead', formatGet('/any?__Host-session={{good}}'), noCredential],
  ['and-authorization', formatGet('/any', cookie('{{good}}'), bearer), repeated],
  ['and-basic', formatGet('/any', cookie('{{good}}'), 'Authorization: Basic eDp5'), repeated],
  ['and-empty-authorization', formatGet('/any', cookie('{{good}}'), 'Authorization:'), repeated],
  [
    'bound-to-a-key',
    withCookie('{{key-bound}}'),
    invalidToken('binding_unsupported', 'The access token is bound to a key'),
  ],
]

const cookiePreflight: readonly Row[] = [
  [
    'without-a-token',
    formatRequest(
      'OPTIONS',
      '/orders',
      'Origin: https://app.example.com',
      'Access-Control-Request-Method: POST',
    ),
    { status: 200, challenges: [], body: 'preflight', handled: true },
  ],
  [
    'with-an-expired-token',
    formatRequest(
      'OPTIONS',
      '/orders',
      'Origin: https://app.example.com',
      'Access-Control-Request-Method: POST',
      cookie('{{expired}}'),
    ),
    invalidToken('token_expired', 'The access token expired'),
  ],
]

const cookieSyntax: readonly Row[] = [
  ['among-others', formatGet('/any', 'Cookie: a=b; __Host-session={{good}}; c="d"'), user],
  ['in-a-second-line', formatGet('/any', 'Cookie: a=b', cookie('{{good}}')), user],
  ['without-a-space', formatGet('/any', 'Cookie: a=b;__Host-session={{good}}'), user],
  ['quoted', withCookie('"{{good}}"'), user],
  ['half-quoted', withCookie('"{{good}}'), malformed],
  ['empty', withCookie(''), malformed],
  ['empty-quoted', withCookie('""'), malformed],
  ['with-a-scheme', withCookie('Bearer {{good}}'), malformed],
  ['with-a-space', withCookie('{{good}} x'), malformed],
  ['percent-encoded', withCookie('%22{{good}}%22'), malformed],
  ['twice', withCookie('{{good}}; __Host-session={{good}}'), repeated],
  ['twice-the-second-empty', withCookie('{{good}}; __Host-session='), repeated],
  ['twice-the-first-invalid', withCookie('garbage; __Host-session={{good}}'), repeated],
  ['twice-in-two-lines', formatGet('/any', cookie('{{good}}'), cookie('{{good}}')), repeated],
  ['joined-with-a-comma', withCookie('{{good}}, __Host-session={{good}}'), repeated],
  ['other-case', formatGet('/any', 'Cookie: __host-session={{good}}'), noCredential],
  ['other-prefix', formatGet('/any', 'Cookie: x__Host-session={{good}}'), noCredential],
  ['other-suffix', formatGet('/any', 'Cookie: __Host-session2={{good}}'), noCredential],
  ['space-before-equals', formatGet('/any', 'Cookie: __Host-session ={{good}}'), noCredential],
  ['tab-before-the-name', formatGet('/any', 'Cookie: a=b;\t__Host-session={{good}}'), noCredential],
  ['no-break-space', formatGet('/any', 'Cookie: \u00a0__Host-session={{good}}'), noCredential],
  ['without-equals', formatGet('/any', 'Cookie: __Host-session'), noCredential],
  // Servers that read quoted strings would not see the second cookie: "cookie sandwich".
  [
    'sandwiched',
    formatGet('/any', 'Cookie: $Version=1; a="b; __Host-session={{good}}; c=d"'),
    user,
  ],
  ['in-a-value', formatGet('/any', 'Cookie: a=__Host-session={{good}}'), noCredential],
]

const post = (...headers: readonly string[]): string =>
  formatRequest('POST', '/orders', cookie('{{good}}'), 'Content-Length: 0', ...headers)

/** Granted by these, because the hosts respond to a granted POST with different statuses. */
const upgrade = (...headers: readonly string[]): string =>
  formatGet('/any', cookie('{{good}}'), 'Upgrade: websocket', ...headers)

const cookieOrigin: readonly Row[] = [
  ['same-origin', upgrade('Sec-Fetch-Site: same-origin'), user],
  ['listed', upgrade('Origin: https://app.example.com', 'Sec-Fetch-Site: cross-site'), user],
  ['listed-without-site', upgrade('Origin: https://app.example.com'), user],
  ['neither', post(), otherOrigin],
  ['cross-site', post('Origin: https://evil.test', 'Sec-Fetch-Site: cross-site'), otherOrigin],
  ['cross-site-without-origin', post('Sec-Fetch-Site: cross-site'), otherOrigin],
  ['same-site', post('Origin: https://b.example.com', 'Sec-Fetch-Site: same-site'), otherOrigin],
  ['none', post('Sec-Fetch-Site: none'), otherOrigin],
  ['null', post('Origin: null'), otherOrigin],
  ['other-scheme', post('Origin: http://app.example.com'), otherOrigin],
  ['other-port', post('Origin: https://app.example.com:8443'), otherOrigin],
  ['other-case', post('Origin: https://APP.example.com'), otherOrigin],
  ['prefix', post('Origin: https://app.example.com.evil.test'), otherOrigin],
  ['host-header', post('Origin: http://api.test'), otherOrigin],
  [
    'two-origins',
    post('Origin: https://app.example.com', 'Origin: https://evil.test'),
    otherOrigin,
  ],
  ['two-sites', post('Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'), otherOrigin],
  ['get', formatGet('/any', cookie('{{good}}'), 'Origin: https://evil.test'), user],
  ['upgrade-from-another-site', upgrade('Origin: https://evil.test'), otherOrigin],
]

const proxyToken = (value: string): string => `X-Proxy-Token: ${value}`
const withHeader = (...values: readonly string[]): string =>
  formatGet('/any', ...values.map(proxyToken))

const headerSource: readonly Row[] = [
  ['valid', withHeader('{{good}}'), user],
  ['name-in-another-case', formatGet('/any', 'x-PROXY-token: {{good}}'), user],
  ['expired', withHeader('{{expired}}'), invalidToken('token_expired', 'The access token expired')],
  ['absent', formatGet('/any'), noCredential],
  ['authorization-instead', formatGet('/any', bearer), noCredential],
  ['cookie-instead', formatGet('/any', 'Cookie: X-Proxy-Token={{good}}'), noCredential],
  ['and-authorization', formatGet('/any', proxyToken('{{good}}'), bearer), repeated],
  ['twice', withHeader('{{good}}', '{{good}}'), repeated],
  ['twice-the-second-invalid', withHeader('{{good}}', 'garbage'), repeated],
  ['joined-with-a-comma', withHeader('{{good}}, {{good}}'), repeated],
  ['empty', withHeader(''), malformed],
  ['with-a-scheme', withHeader('Bearer {{good}}'), malformed],
  ['quoted', withHeader('"{{good}}"'), malformed],
  [
    'upgrade-from-another-site',
    formatGet('/any', proxyToken('{{good}}'), 'Upgrade: websocket', 'Origin: https://evil.test'),
    user,
  ],
]

const path = '/.well-known/oauth-protected-resource/v1'
const origin = 'https://orders.example.com'

export const credentialSourceCases: readonly Case[] = [
  ...casesOf('other-source', 'cookie', 'cookie', cookieSource),
  ...casesOf('preflight', 'cookie-preflight', 'cookie-preflight', cookiePreflight),
  ...casesOf('cookie-syntax', 'cookie', 'cookie', cookieSyntax),
  ...casesOf('cookie-origin', 'cookie', 'cookie-origin', cookieOrigin),
  ...casesOf('other-source', 'header', 'header-source', headerSource),
  ...casesOf('other-source', 'optional-cookie', 'optional-cookie', [
    ['valid', formatGet('/orders', cookie('{{good}}')), user],
    ['absent', formatGet('/orders'), granted('anonymous')],
    ['empty', formatGet('/orders', cookie('')), malformed],
    ['authorization-instead', formatGet('/orders', bearer), noCredential],
  ]),
  ...casesOf('cookie-origin', 'cookie-resource', 'cookie-resource', [
    ['own-origin', upgrade(`Origin: ${origin}`), user],
    [
      'another-origin',
      post('Origin: https://evil.test'),
      withMetadataUrl(otherOrigin, origin + path),
    ],
  ]),
  {
    id: 'cookie-resource-metadata',
    proves: ['resource-metadata', 'other-source'],
    setup: 'cookie-resource',
    request: formatGet(path),
    expect: [
      {
        status: 200,
        challenges: [],
        body: {
          resource: `${origin}/v1`,
          authorization_servers: ['{{issuer}}'],
          scopes_supported: [
            '__proto__',
            'constructor',
            'orders:admin',
            'orders:list',
            'orders:read',
            'orders:write',
            'read',
          ],
          bearer_methods_supported: [],
        },
      },
    ],
  },
]
