import {
  byFramework,
  type Case,
  type ExpectedResponse,
  insufficientScope,
  noCredential,
  withDpopChallenge,
  withMetadataUrl,
} from '../case.ts'
import { formatGet, formatRequest } from '../raw-http.ts'

const path = '/.well-known/oauth-protected-resource/v1'
const url = `https://orders.example.com${path}`

const toAnotherHost = (request: string): string =>
  request.replace('Host: api.test', 'Host: evil.test')

const metadata: ExpectedResponse = {
  status: 200,
  challenges: [],
  body: {
    resource: 'https://orders.example.com/v1',
    authorization_servers: ['{{issuer}}'],
    // The scopes of all routes, sorted.
    scopes_supported: [
      '__proto__',
      'constructor',
      'orders:admin',
      'orders:list',
      'orders:read',
      'orders:write',
      'read',
    ],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
  },
  headers: {
    'content-type': 'application/json',
    'cache-control': undefined,
    'access-control-allow-origin': '*',
  },
}

export const resourceMetadataCases: readonly Case[] = [
  {
    id: 'metadata',
    proves: ['resource-metadata'],
    setup: 'resource',
    request: formatGet(path),
    expect: [metadata],
  },
  {
    id: 'metadata-with-another-host-header',
    proves: ['resource-metadata'],
    setup: 'resource',
    request: toAnotherHost(formatGet(path)),
    expect: [metadata],
  },
  {
    id: 'metadata-with-an-invalid-token',
    proves: ['resource-metadata'],
    setup: 'resource',
    request: formatGet(`${path}?x=y`, 'Authorization: Bearer garbage'),
    expect: [metadata],
  },
  {
    id: 'metadata-head',
    proves: ['resource-metadata', 'head'],
    setup: 'resource',
    request: formatRequest('HEAD', path),
    expect: [{ ...metadata, body: '' }],
  },
  {
    id: 'metadata-post',
    proves: ['resource-metadata'],
    setup: 'resource',
    request: formatRequest('POST', path, 'Content-Length: 0'),
    expect: [byFramework(404)],
  },
  {
    id: 'metadata-of-another-resource',
    proves: ['resource-metadata'],
    setup: 'resource',
    request: formatGet(`${path}/admin`),
    expect: [byFramework(404)],
  },
  {
    id: 'metadata-not-configured',
    proves: ['resource-metadata'],
    request: formatGet(path),
    expect: [byFramework(404)],
  },
  {
    id: 'metadata-url-in-bare-challenge',
    proves: ['metadata-challenge'],
    corpus: ['HTTP-resource-metadata'],
    setup: 'resource',
    request: toAnotherHost(formatGet('/any')),
    expect: [withMetadataUrl(withDpopChallenge(noCredential), url)],
  },
  {
    id: 'metadata-url-in-scope-challenge',
    proves: ['metadata-challenge'],
    setup: 'resource',
    request: formatGet('/read', 'Authorization: Bearer {{good}}'),
    expect: [withMetadataUrl(withDpopChallenge(insufficientScope('orders:read')), url)],
  },
]
