import {
  type Case,
  type ExpectedResponse,
  granted,
  insufficientScope,
  invalidToken,
} from '../case.ts'
import { formatGet } from '../raw-http.ts'

const get = (path: string, token: string): string =>
  formatGet(path, `Authorization: Bearer {{${token}}}`)

const lacksRead = insufficientScope('read')
const malformed = invalidToken('claim_malformed', 'A claim of the access token is malformed')
const grantedToUser = granted('user-42')

type Row = readonly [token: string, corpus: string | undefined, expect: ExpectedResponse]

/** Scope claims that are sent to a route that requires `read`. */
const rows: readonly Row[] = [
  ['scope-read', undefined, grantedToUser],
  ['good', undefined, lacksRead],
  ['scope-empty', 'SCP-empty', lacksRead],
  ['scope-prefix', 'SCP-prefix', lacksRead],
  ['scope-suffix', 'SCP-suffix', lacksRead],
  ['scope-array', 'SCP-array', grantedToUser],
  ['scope-nested-array', 'SCP-array-nested', malformed],
  ['scope-object', 'SCP-array-nested', malformed],
  ['scope-number', 'SCP-array-nested', malformed],
  ['scope-boolean', 'SCP-array-nested', malformed],
  ['scope-string-like-object', 'SCP-obj-includes', malformed],
  ['scope-tab', 'SCP-tab', lacksRead],
  ['scope-no-break-space', 'SCP-nbsp', lacksRead],
  ['scope-em-space', 'SCP-nbsp', lacksRead],
  ['scope-ideographic-space', 'SCP-nbsp', lacksRead],
  ['scope-line-feed', 'SCP-nbsp', lacksRead],
  ['scope-comma', 'SCP-comma', lacksRead],
  ['scope-two-spaces', 'SCP-double-space', grantedToUser],
]

export const scopeCases: readonly Case[] = [
  ...rows.map(([token, corpus, expected]): Case => ({
    id: `claim-${token}`,
    proves: ['scope-grammar'],
    ...(corpus && { corpus: [corpus] }),
    request: get('/scope', token),
    expect: [expected],
  })),
  {
    id: 'one-of-two-required-scopes',
    proves: ['insufficient-scope'],
    corpus: ['SCP-any-vs-all'],
    request: get('/read-write', 'read'),
    expect: [insufficientScope('orders:read orders:write')],
  },
  {
    id: 'both-required-scopes',
    proves: ['scope-grammar'],
    request: get('/read-write', 'read-write'),
    expect: [granted('user-42')],
  },
  {
    id: 'one-of-the-alternative-scopes',
    proves: ['scope-grammar'],
    request: get('/read-or-write', 'read-write'),
    expect: [granted('user-42')],
  },
  {
    id: 'none-of-the-alternative-scopes',
    proves: ['insufficient-scope'],
    request: get('/read-or-write', 'read'),
    expect: [insufficientScope('orders:write orders:admin')],
  },
  {
    id: 'scope-of-the-second-guard-missing',
    proves: ['insufficient-scope', 'all-guards'],
    request: get('/read-then-write', 'read'),
    expect: [insufficientScope('orders:read orders:write')],
  },
  {
    id: 'scope-named-like-a-prototype-member',
    proves: ['scope-grammar'],
    corpus: ['SCP-proto'],
    request: get('/prototype', 'read'),
    expect: [insufficientScope('__proto__ constructor')],
  },
]
