import { badRequest, type Case, byHost, granted, noCredential, refused } from '../case.ts'
import { ask, get } from '../test-app.ts'

const authorization = (value: string): string => get('/any', `Authorization: ${value}`)
const twice = (first: string, second: string): string =>
  get('/any', `Authorization: ${first}`, `Authorization: ${second}`)

const malformed = badRequest('credential_malformed', 'The Authorization header is malformed')
const repeated = badRequest('credential_repeated', 'The request carries more than one credential')
const otherScheme = refused({
  status: 401,
  code: 'credential_scheme_unsupported',
  detail: 'This resource needs an access token',
})

type Row = readonly [id: string, value: string, corpus?: string]

/** RFC 6750 section 2.1: `Bearer`, one space, one token68. */
const malformedValues: readonly Row[] = [
  ['no-token', 'Bearer', 'HTTP-no-token'],
  ['spaces-for-a-token', 'Bearer   ', 'HTTP-bearer-space'],
  ['two-words', 'Bearer {{good}} garbage', 'HTTP-extra'],
  ['parameter-behind', 'Bearer {{good}}, realm="x"', 'HTTP-extra-param'],
  ['two-spaces', 'Bearer  {{good}}', 'HTTP-two-spaces'],
  ['tab', 'Bearer\t{{good}}', 'HTTP-tab'],
  ['comma-behind', 'Bearer {{good}},'],
  ['quoted-token', 'Bearer "{{good}}"'],
  ['byte-beyond-ascii', 'Bearer \u00e4'],
  ['empty-header', ''],
]

/** RFC 9110 section 11.1: the scheme is everything up to the first space. */
const otherSchemes: readonly Row[] = [
  ['basic', 'Basic {{good}}', 'HTTP-basic'],
  ['scheme-token', 'Token {{good}}', 'HTTP-other-scheme'],
  ['scheme-jwt', 'JWT {{good}}', 'HTTP-other-scheme'],
  ['scheme-negotiate', 'Negotiate {{good}}', 'HTTP-other-scheme'],
  ['scheme-dpop', 'DPoP {{good}}'],
  ['scheme-longer', 'Bearerx {{good}}', 'HTTP-prefix'],
  ['scheme-prefixed', 'xBearer {{good}}', 'HTTP-prefix'],
  ['scheme-colon', 'Bearer: {{good}}', 'HTTP-prefix'],
  ['scheme-equals', 'Bearer={{good}}', 'HTTP-prefix'],
  ['token-alone', '{{good}}'],
]

/** A proxy may join what came in two lines; it stays two. */
const repetitions: readonly (readonly [id: string, request: string, corpus?: string])[] = [
  ['same-twice', twice('Bearer {{good}}', 'Bearer {{good}}'), 'HTTP-dup-same'],
  ['bad-one-behind', twice('Bearer {{good}}', 'Bearer garbage')],
  ['bad-one-before', twice('Bearer garbage', 'Bearer {{good}}')],
  ['basic-behind', twice('Bearer {{good}}', 'Basic dXNlcjpwYXNz')],
  ['basic-before', twice('Basic dXNlcjpwYXNz', 'Bearer {{good}}')],
  ['basic-twice', twice('Basic dXNlcjpwYXNz', 'Basic dXNlcjpwYXNz')],
  ['empty-one-behind', twice('Bearer {{good}}', '')],
  ['empty-one-before', twice('', 'Bearer {{good}}')],
  [
    'twice-spelled-differently',
    get('/any', 'authorization: Bearer {{good}}', 'AUTHORIZATION: Bearer {{good}}'),
  ],
  ['scheme-alone-behind', twice('Bearer {{good}}', 'Negotiate')],
  ['empty-twice', twice('', '')],
  ['joined', authorization('Bearer {{good}}, Bearer {{good}}'), 'HTTP-comma'],
  ['joined-without-space', authorization('Bearer {{good}},Bearer {{good}}')],
  ['joined-with-basic', authorization('Basic dXNlcjpwYXNz, Bearer {{good}}')],
]

const elsewhere: readonly (readonly [id: string, request: string, corpus?: string])[] = [
  ['query', get('/any?access_token={{good}}'), 'HTTP-query'],
  ['query-twice', get('/any?access_token={{good}}&access_token=x'), 'HTTP-query-dup'],
  ['cookie', get('/any', 'Cookie: access_token={{good}}'), 'HTTP-cookie'],
  ['proxy-authorization', get('/any', 'Proxy-Authorization: Bearer {{good}}')],
  ['json-body', post('application/json', '{"access_token":"{{good}}"}'), 'HTTP-body-json'],
  ['form-body', post('application/x-www-form-urlencoded', 'access_token={{good}}')],
  [
    'method-override',
    ask('POST', '/orders', 'X-HTTP-Method-Override: OPTIONS', 'Content-Length: 0'),
    'HTTP-method-override',
  ],
  [
    'upgrade',
    ['GET /any HTTP/1.1', 'Host: api.test', 'Upgrade: websocket', 'Connection: Upgrade, close']
      .concat(['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', ''])
      .join('\r\n'),
    'HTTP-ws-upgrade',
  ],
]

/** Chunked, since the length of a token is not known here. */
function post(type: string, body: string): string {
  const headers = [`Content-Type: ${type}`, 'Transfer-Encoding: chunked']
  return `${ask('POST', '/orders', ...headers)}${chunked(body)}`
}

/** One chunk a character, which needs no count; a placeholder is filled in before it is sent. */
function chunked(body: string): string {
  const parts = body.split(/(\{\{[\w-]+\}\})/)
  return parts.map((part) => (part.startsWith('{{') ? part : letters(part))).join('') + '0\r\n\r\n'
}

function letters(text: string): string {
  return text.replace(/./gs, (letter) => `1\r\n${letter}\r\n`)
}

/** Node turns these down before any framework sees them. */
const broken: readonly (readonly [id: string, status: number, request: string, corpus: string])[] =
  [
    ['folded', 400, get('/any', 'Authorization: Bearer', ' {{good}}'), 'HTTP-obs-fold'],
    ['space-before-colon', 400, get('/any', 'Authorization : Bearer {{good}}'), 'HTTP-space-colon'],
    ['nul', 400, get('/any', 'Authorization: Bearer {{good}}\u0000'), 'HTTP-nul'],
    [
      'two-lengths',
      400,
      ask('POST', '/orders', 'Content-Length: 6', 'Transfer-Encoding: chunked') +
        '0\r\n\r\nGET /any HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer {{good}}\r\n\r\n',
      'HTTP-smuggle',
    ],
    ['oversized-header', 431, authorization(`Bearer ${'x'.repeat(20_000)}`), 'HTTP-header-20k'],
  ]

const cites = (corpus: string | undefined): { readonly corpus?: readonly string[] } =>
  corpus === undefined ? {} : { corpus: [corpus] }

export const credentialCases: readonly Case[] = [
  {
    id: 'credential-none',
    proves: ['bare-challenge', 'no-store', 'problem-details'],
    corpus: ['HTTP-none'],
    request: get('/any'),
    expect: [noCredential],
  },
  {
    id: 'credential-good',
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
    request: get('/any', 'AUTHORIZATION: Bearer {{good}}'),
    expect: [granted('user-42')],
  },
  ...malformedValues.map(([id, value, corpus]): Case => ({
    ...{ id: `credential-${id}`, proves: ['credential-syntax'], ...cites(corpus) },
    ...{ request: authorization(value), expect: [malformed] },
  })),
  ...otherSchemes.map(([id, value, corpus]): Case => ({
    ...{ id: `credential-${id}`, proves: ['other-schemes'], ...cites(corpus) },
    ...{ request: authorization(value), expect: [otherScheme] },
  })),
  ...repetitions.map(([id, request, corpus]): Case => ({
    ...{ id: `credential-${id}`, proves: ['one-credential'], ...cites(corpus) },
    ...{ request, expect: [repeated] },
  })),
  ...elsewhere.map(([id, request, corpus]): Case => ({
    ...{ id: `credential-in-${id}`, proves: ['one-transport'], ...cites(corpus) },
    ...{ request, expect: [noCredential] },
  })),
  ...broken.map(([id, status, request, corpus]): Case => ({
    ...{ id: `host-${id}`, proves: ['host-parser'], corpus: [corpus] },
    ...{ request, expect: [byHost(status)] },
  })),
]
