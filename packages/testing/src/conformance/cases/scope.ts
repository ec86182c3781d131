import { badToken, type Case, type Expected, granted, lacksScope } from '../case.ts'
import { get } from '../test-app.ts'

const needsRead = lacksScope('read')
const malformed = badToken('claim_malformed', 'A claim of the access token is malformed')
const through = granted('user-42')

/** The route wants `read`. What the token has says its name. */
const rows: readonly (readonly [token: string, corpus: string | undefined, expect: Expected])[] = [
  ['scope-read', undefined, through],
  ['good', undefined, needsRead],
  ['scope-empty', 'SCP-empty', needsRead],
  ['scope-prefix', 'SCP-prefix', needsRead],
  ['scope-suffix', 'SCP-suffix', needsRead],
  ['scope-list', 'SCP-array', through],
  ['scope-nested', 'SCP-array-nested', malformed],
  ['scope-object', 'SCP-array-nested', malformed],
  ['scope-number', 'SCP-array-nested', malformed],
  ['scope-true', 'SCP-array-nested', malformed],
  ['scope-duck', 'SCP-obj-includes', malformed],
  ['scope-tab', 'SCP-tab', needsRead],
  ['scope-no-break', 'SCP-nbsp', needsRead],
  ['scope-em-space', 'SCP-nbsp', needsRead],
  ['scope-wide-space', 'SCP-nbsp', needsRead],
  ['scope-line-feed', 'SCP-nbsp', needsRead],
  ['scope-comma', 'SCP-comma', needsRead],
  ['scope-two-spaces', 'SCP-double-space', through],
]

export const scopeCases: readonly Case[] = [
  ...rows.map(([token, corpus, expected]): Case => ({
    id: `claim-${token}`,
    proves: ['scope-grammar'],
    ...(corpus && { corpus: [corpus] }),
    request: get('/scope', `Authorization: Bearer {{${token}}}`),
    expect: [expected],
  })),
  {
    id: 'scope-of-two',
    proves: ['insufficient-scope'],
    corpus: ['SCP-any-vs-all'],
    request: get('/read-write', 'Authorization: Bearer {{read}}'),
    expect: [lacksScope('orders:read orders:write')],
  },
  {
    id: 'scope-both',
    proves: ['scope-grammar'],
    request: get('/read-write', 'Authorization: Bearer {{read-write}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'scope-any-held',
    proves: ['scope-grammar'],
    request: get('/read-or-write', 'Authorization: Bearer {{read-write}}'),
    expect: [granted('user-42')],
  },
  {
    id: 'scope-any-lacking',
    proves: ['insufficient-scope'],
    request: get('/read-or-write', 'Authorization: Bearer {{read}}'),
    expect: [lacksScope('orders:write orders:admin')],
  },
  {
    id: 'scope-of-the-second-guard',
    proves: ['insufficient-scope', 'guards-in-turn'],
    request: get('/read-then-write', 'Authorization: Bearer {{read}}'),
    expect: [lacksScope('orders:read orders:write')],
  },
  {
    id: 'scope-prototype',
    proves: ['scope-grammar'],
    corpus: ['SCP-proto'],
    request: get('/prototype', 'Authorization: Bearer {{read}}'),
    expect: [lacksScope('__proto__ constructor')],
  },
]
