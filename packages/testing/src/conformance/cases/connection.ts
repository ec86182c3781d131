import { badToken, type Case, granted, noCredential } from '../case.ts'
import { ask, get } from '../test-app.ts'

const keepAlive = (path: string, ...headers: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: api.test', ...headers, '', ''].join('\r\n')
const withToken = (token: string): string => `Authorization: Bearer {{${token}}}`
const expired = badToken('token_expired', 'The access token expired')

export const connectionCases: readonly Case[] = [
  {
    id: 'head-refused',
    proves: ['head'],
    corpus: ['HTTP-head'],
    request: ask('HEAD', '/any'),
    expect: [{ ...noCredential, body: '' }],
  },
  {
    id: 'head-granted',
    proves: ['head'],
    request: ask('HEAD', '/any', withToken('good')),
    expect: [{ ...granted('user-42'), body: '' }],
  },
  {
    id: 'pipelined-none-after-good',
    proves: ['connection'],
    request: keepAlive('/any', withToken('good')) + get('/any'),
    expect: [granted('user-42'), noCredential],
  },
  {
    id: 'pipelined-good-after-none',
    proves: ['connection'],
    request: keepAlive('/any') + get('/any', withToken('good')),
    expect: [noCredential, granted('user-42')],
  },
  {
    id: 'pipelined-three-users',
    proves: ['connection', 'attached-token'],
    request:
      keepAlive('/any', withToken('good')) +
      keepAlive('/any', withToken('expired')) +
      get('/any', withToken('delegated')),
    expect: [granted('user-42'), expired, granted('user-42 through user-service')],
  },
]
