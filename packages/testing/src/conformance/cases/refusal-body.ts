import { type Case, insufficientScope, invalidToken, noCredential, withBody } from '../case.ts'
import { formatGet, formatRequest } from '../raw-http.ts'

const text = 'text/plain; charset=utf-8'
const expired = invalidToken('token_expired', 'The access token expired')

export const refusalBodyCases: readonly Case[] = [
  {
    id: 'custom-body',
    proves: ['custom-body', 'no-store'],
    setup: 'custom-body',
    request: formatGet('/any', 'Authorization: Bearer {{expired}}'),
    expect: [withBody(expired, text, '401 Unauthorized: The access token expired')],
  },
  {
    id: 'custom-body-head',
    proves: ['custom-body', 'head'],
    setup: 'custom-body',
    request: formatRequest('HEAD', '/any'),
    expect: [withBody(noCredential, text, '')],
  },
  {
    id: 'custom-body-that-throws',
    proves: ['custom-body'],
    setup: 'broken-custom-body',
    request: formatGet('/any', 'Authorization: Bearer {{expired}}'),
    expect: [expired],
  },
  {
    id: 'custom-body-with-header-injection',
    proves: ['custom-body', 'quoting'],
    setup: 'broken-custom-body',
    request: formatGet('/read', 'Authorization: Bearer {{good}}'),
    expect: [insufficientScope('orders:read')],
  },
]
