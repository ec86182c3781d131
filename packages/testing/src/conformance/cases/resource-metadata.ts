import {
  badToken,
  byHost,
  type Case,
  type Expected,
  lacksScope,
  noCredential,
  pointing,
  worded,
} from '../case.ts'
import { ask, get } from '../test-app.ts'

const path = '/.well-known/oauth-protected-resource/v1'
const at = `https://orders.example.com${path}`
const text = 'text/plain; charset=utf-8'
const expired = badToken('token_expired', 'The access token expired')

/** `{{issuer}}` is the issuer's URL; the scopes are those of all routes, sorted. */
const document: Expected = {
  status: 200,
  challenges: [],
  body: {
    resource: 'https://orders.example.com/v1',
    authorization_servers: ['{{issuer}}'],
    scopes_supported: [
      ...['__proto__', 'constructor', 'orders:admin', 'orders:list', 'orders:read', 'orders:write'],
      'read',
    ],
    bearer_methods_supported: ['header'],
  },
  headers: { 'content-type': 'application/json', 'cache-control': undefined },
}

export const resourceCases: readonly Case[] = [
  {
    id: 'metadata',
    proves: ['resource-metadata'],
    setup: 'described',
    request: get(path),
    expect: [document],
  },
  {
    id: 'metadata-to-another-host',
    proves: ['resource-metadata'],
    setup: 'described',
    request: get(path).replace('Host: api.test', 'Host: evil.test'),
    expect: [document],
  },
  {
    id: 'metadata-with-a-bad-token',
    proves: ['resource-metadata'],
    setup: 'described',
    request: get(`${path}?x=y`, 'Authorization: Bearer garbage'),
    expect: [document],
  },
  {
    id: 'metadata-head',
    proves: ['resource-metadata', 'head'],
    setup: 'described',
    request: ask('HEAD', path),
    expect: [{ ...document, body: '' }],
  },
  {
    id: 'metadata-by-post',
    proves: ['resource-metadata'],
    setup: 'described',
    request: ask('POST', path, 'Content-Length: 0'),
    expect: [byHost(404)],
  },
  {
    id: 'metadata-of-another-resource',
    proves: ['resource-metadata'],
    setup: 'described',
    request: get(`${path}/admin`),
    expect: [byHost(404)],
  },
  {
    id: 'metadata-not-configured',
    proves: ['resource-metadata'],
    request: get(path),
    expect: [byHost(404)],
  },
  {
    id: 'challenge-points-at-metadata',
    proves: ['metadata-challenge'],
    corpus: ['HTTP-resource-metadata'],
    setup: 'described',
    request: get('/any').replace('Host: api.test', 'Host: evil.test'),
    expect: [pointing(noCredential, at)],
  },
  {
    id: 'challenge-of-a-scope-points-at-metadata',
    proves: ['metadata-challenge'],
    setup: 'described',
    request: get('/read', 'Authorization: Bearer {{good}}'),
    expect: [pointing(lacksScope('orders:read'), at)],
  },
  {
    id: 'own-body',
    proves: ['own-body', 'no-store'],
    setup: 'worded',
    request: get('/any', 'Authorization: Bearer {{expired}}'),
    expect: [worded(expired, text, '401 Unauthorized: The access token expired')],
  },
  {
    id: 'own-body-head',
    proves: ['own-body', 'head'],
    setup: 'worded',
    request: ask('HEAD', '/any'),
    expect: [worded(noCredential, text, '')],
  },
  {
    id: 'own-body-that-throws',
    proves: ['own-body'],
    setup: 'worded-badly',
    request: get('/any', 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
  {
    id: 'own-body-that-breaks-the-header',
    proves: ['own-body', 'quoting'],
    setup: 'worded-badly',
    request: get('/read', 'Authorization: Bearer {{good}}'),
    expect: [lacksScope('orders:read')],
  },
]
