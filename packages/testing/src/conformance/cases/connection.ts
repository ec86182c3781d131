import { type Case, granted, invalidToken, noCredential } from '../case.ts'
import { formatGet, formatRequest } from '../raw-http.ts'

/** A request that keeps the connection open for the next one. */
const keepAlive = (path: string, ...headers: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: api.test', ...headers, '', ''].join('\r\n')
const bearer = (token: string): string => `Authorization: Bearer {{${token}}}`
const expired = invalidToken('token_expired', 'The access token expired')

export const connectionCases: readonly Case[] = [
  {
    id: 'head-refused',
    proves: ['head'],
    corpus: ['HTTP-head'],
    request: formatRequest('HEAD', '/any'),
    expect: [{ ...noCredential, body: '' }],
  },
  {
    id: 'head-granted',
    proves: ['head'],
    request: formatRequest('HEAD', '/any', bearer('good')),
    expect: [{ ...granted('user-42'), body: '' }],
  },
  {
    id: 'pipelined-valid-token-then-no-credential',
    proves: ['connection'],
    request: keepAlive('/any', bearer('good')) + formatGet('/any'),
    expect: [granted('user-42'), noCredential],
  },
  {
    id: 'pipelined-no-credential-then-valid-token',
    proves: ['connection'],
    request: keepAlive('/any') + formatGet('/any', bearer('good')),
    expect: [noCredential, granted('user-42')],
  },
  {
    id: 'pipelined-three-tokens',
    proves: ['connection', 'attached-token'],
    request:
      keepAlive('/any', bearer('good')) +
      keepAlive('/any', bearer('expired')) +
      formatGet('/any', bearer('delegated')),
    expect: [granted('user-42'), expired, granted('user-42 through user-service')],
  },
]
