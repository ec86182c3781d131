import {
  byFramework,
  type Case,
  type ExpectedResponse,
  granted,
  invalidRequest,
  noCredential,
  unsupportedScheme,
} from '../case.ts'
import { formatGet, formatRequest } from '../raw-http.ts'
import type { RequirementId } from '../requirements.ts'

const authorization = (value: string): string => formatGet('/any', `Authorization: ${value}`)
const twoHeaders = (first: string, second: string): string =>
  formatGet('/any', `Authorization: ${first}`, `Authorization: ${second}`)

const malformed = invalidRequest('credential_malformed', 'The credential is malformed')
const repeated = invalidRequest(
  'credential_repeated',
  'The request carries more than one credential',
)

type Row = readonly [id: string, request: string, corpus?: string]

/** RFC 6750 section 2.1: `Bearer`, one space, one token68. */
const malformedValues: readonly Row[] = [
  ['no-token', authorization('Bearer'), 'HTTP-no-token'],
  ['only-spaces', authorization('Bearer   '), 'HTTP-bearer-space'],
  ['text-after-token', authorization('Bearer {{good}} garbage'), 'HTTP-extra'],
  ['parameter-after-token', authorization('Bearer {{good}}, realm="x"'), 'HTTP-extra-param'],
  ['two-spaces', authorization('Bearer  {{good}}'), 'HTTP-two-spaces'],
  ['tab', authorization('Bearer\t{{good}}'), 'HTTP-tab'],
  ['trailing-comma', authorization('Bearer {{good}},')],
  ['quoted-token', authorization('Bearer "{{good}}"')],
  ['non-ascii', authorization('Bearer \u00e4')],
  ['empty-header', authorization('')],
]

/** RFC 9110 section 11.1: the scheme ends at the first space. */
const otherSchemes: readonly Row[] = [
  ['scheme-basic', authorization('Basic {{good}}'), 'HTTP-basic'],
  ['scheme-token', authorization('Token {{good}}'), 'HTTP-other-scheme'],
  ['scheme-jwt', authorization('JWT {{good}}'), 'HTTP-other-scheme'],
  ['scheme-negotiate', authorization('Negotiate {{good}}'), 'HTTP-other-scheme'],
  ['scheme-dpop', authorization('DPoP {{good}}')],
  ['scheme-with-suffix', authorization('Bearerx {{good}}'), 'HTTP-prefix'],
  ['scheme-with-prefix', authorization('xBearer {{good}}'), 'HTTP-prefix'],
  ['scheme-with-colon', authorization('Bearer: {{good}}'), 'HTTP-prefix'],
  ['scheme-with-equals', authorization('Bearer={{good}}'), 'HTTP-prefix'],
  ['no-scheme', authorization('{{good}}')],
]

/** A proxy may join two headers with a comma. They still are two credentials. */
const repetitions: readonly Row[] = [
  ['same-token-twice', twoHeaders('Bearer {{good}}', 'Bearer {{good}}'), 'HTTP-dup-same'],
  ['valid-then-invalid-token', twoHeaders('Bearer {{good}}', 'Bearer garbage')],
  ['invalid-then-valid-token', twoHeaders('Bearer garbage', 'Bearer {{good}}')],
  ['bearer-then-basic', twoHeaders('Bearer {{good}}', 'Basic dXNlcjpwYXNz')],
  ['basic-then-bearer', twoHeaders('Basic dXNlcjpwYXNz', 'Bearer {{good}}')],
  ['basic-twice', twoHeaders('Basic dXNlcjpwYXNz', 'Basic dXNlcjpwYXNz')],
  ['bearer-then-empty', twoHeaders('Bearer {{good}}', '')],
  ['empty-then-bearer', twoHeaders('', 'Bearer {{good}}')],
  [
    'different-header-case',
    formatGet('/any', 'authorization: Bearer {{good}}', 'AUTHORIZATION: Bearer {{good}}'),
  ],
  ['bearer-then-scheme-only', twoHeaders('Bearer {{good}}', 'Negotiate')],
  ['empty-twice', twoHeaders('', '')],
  ['joined', authorization('Bearer {{good}}, Bearer {{good}}'), 'HTTP-comma'],
  ['joined-without-space', authorization('Bearer {{good}},Bearer {{good}}')],
  ['joined-with-basic', authorization('Basic dXNlcjpwYXNz, Bearer {{good}}')],
]

/** Tokens outside the Authorization header, and requests without a token. */
const otherPlaces: readonly Row[] = [
  ['query', formatGet('/any?access_token={{good}}'), 'HTTP-query'],
  ['query-twice', formatGet('/any?access_token={{good}}&access_token=x'), 'HTTP-query-dup'],
  ['cookie', formatGet('/any', 'Cookie: access_token={{good}}'), 'HTTP-cookie'],
  ['proxy-authorization', formatGet('/any', 'Proxy-Authorization: Bearer {{good}}')],
  ['json-body', post('application/json', '{"access_token":"{{good}}"}'), 'HTTP-body-json'],
  ['form-body', post('application/x-www-form-urlencoded', 'access_token={{good}}')],
  [
    'method-override',
    formatRequest('POST', '/orders', 'X-HTTP-Method-Override: OPTIONS', 'Content-Length: 0'),
    'HTTP-method-override',
  ],
  [
    'upgrade',
    [
      'GET /any HTTP/1.1',
      'Host: api.test',
      'Upgrade: websocket',
      'Connection: Upgrade, close',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      '',
      '',
    ].join('\r\n'),
    'HTTP-ws-upgrade',
  ],
]

/** Sent in chunks, because the length of the token is not known here. */
function post(type: string, body: string): string {
  const headers = [`Content-Type: ${type}`, 'Transfer-Encoding: chunked']
  return `${formatRequest('POST', '/orders', ...headers)}${chunked(body)}`
}

/** One chunk for each character, and one for the token that replaces a placeholder. */
function chunked(body: string): string {
  const parts = body.split(/(\{\{[\w-]+\}\})/)
  const chunks = parts.map((part) =>
    part.startsWith('{{') ? part.replace('{{', '{{chunk:') : chunkEachCharacter(part),
  )
  return `${chunks.join('')}0\r\n\r\n`
}

function chunkEachCharacter(text: string): string {
  return text.replace(/./gs, (character) => `1\r\n${character}\r\n`)
}

/** Node refuses these before any framework receives them. */
const malformedHttp: readonly (readonly [
  id: string,
  status: number,
  request: string,
  corpus: string,
])[] = [
  ['folded-header', 400, formatGet('/any', 'Authorization: Bearer', ' {{good}}'), 'HTTP-obs-fold'],
  [
    'space-before-colon',
    400,
    formatGet('/any', 'Authorization : Bearer {{good}}'),
    'HTTP-space-colon',
  ],
  ['nul-byte', 400, formatGet('/any', 'Authorization: Bearer {{good}}\u0000'), 'HTTP-nul'],
  [
    'content-length-and-chunked',
    400,
    formatRequest('POST', '/orders', 'Content-Length: 6', 'Transfer-Encoding: chunked') +
      '0\r\n\r\nGET /any HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer {{good}}\r\n\r\n',
    'HTTP-smuggle',
  ],
  ['oversized-header', 431, authorization(`Bearer ${'x'.repeat(20_000)}`), 'HTTP-header-20k'],
]

const casesOf = (
  rows: readonly Row[],
  proves: RequirementId,
  expected: ExpectedResponse,
  prefix = 'credential',
): readonly Case[] =>
  rows.map(([id, request, corpus]) => ({
    id: `${prefix}-${id}`,
    proves: [proves],
    ...(corpus && { corpus: [corpus] }),
    request,
    expect: [expected],
  }))

export const credentialCases: readonly Case[] = [
  {
    id: 'credential-missing',
    proves: ['bare-challenge', 'no-store', 'problem-details'],
    corpus: ['HTTP-none'],
    request: formatGet('/any'),
    expect: [noCredential],
  },
  {
    id: 'credential-valid',
    proves: ['attached-token', 'one-record'],
    request: authorization('Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'credential-scheme-case',
    proves: ['scheme-case'],
    request: authorization('bEaReR {{good}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'credential-header-case',
    proves: ['header-case'],
    corpus: ['HTTP-case-name'],
    request: formatGet('/any', 'AUTHORIZATION: Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  ...casesOf(malformedValues, 'credential-syntax', malformed),
  ...casesOf(otherSchemes, 'other-schemes', unsupportedScheme),
  ...casesOf(repetitions, 'one-credential', repeated),
  ...casesOf(otherPlaces, 'header-only', noCredential, 'credential-in'),
  ...malformedHttp.map(([id, status, request, corpus]): Case => ({
    id: `http-${id}`,
    proves: ['http-parser'],
    corpus: [corpus],
    request,
    expect: [byFramework(status)],
  })),
]
