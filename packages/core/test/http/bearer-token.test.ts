import { describe, expect, test } from 'vitest'
import { fromFetch, type HeaderPair } from '../../src/adapter.ts'
import { readCredential } from '../../src/http/bearer-token.ts'
import { aud, bearer, createGateHarness, optionsFor, startIssuer, statusOf } from '../support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud })
const value = `Bearer ${good}`

type Case = readonly [
  what: string,
  headers: readonly HeaderPair[],
  outcome: number | string,
  code: string | undefined,
]
const cases: readonly Case[] = [
  ['one bearer token', bearer(good), 'proceed', undefined],
  ['another spelling of the scheme', [['authorization', `bEaReR ${good}`]], 'proceed', undefined],
  ['another spelling of the header', [['AuThOrIzAtIoN', value]], 'proceed', undefined],
  [
    'a header that is undefined beside it',
    [
      ['authorization', undefined],
      ['authorization', value],
    ],
    'proceed',
    undefined,
  ],
  ['no header', [], 401, 'credential_missing'],
  [
    'only other headers',
    [
      ['Cookie', value],
      ['Proxy-Authorization', value],
    ],
    401,
    'credential_missing',
  ],
  ['Basic', [['Authorization', 'Basic dXNlcjpwYXNz']], 401, 'credential_scheme_unsupported'],
  ['DPoP', [['Authorization', `DPoP ${good}`]], 401, 'credential_scheme_unsupported'],
  ['the token alone', [['Authorization', good]], 401, 'credential_scheme_unsupported'],
  [
    'a scheme that begins like Bearer',
    [['Authorization', `Bearers ${good}`]],
    401,
    'credential_scheme_unsupported',
  ],
  ['the same twice', [...bearer(good), ...bearer(good)], 400, 'credential_repeated'],
  [
    'two, spelled differently',
    [
      ['authorization', value],
      ['AUTHORIZATION', value],
    ],
    400,
    'credential_repeated',
  ],
  ['a bad one behind', [...bearer(good), ['Authorization', 'Basic x']], 400, 'credential_repeated'],
  ['an empty one before', [['Authorization', ''], ...bearer(good)], 400, 'credential_repeated'],
  ['a list, as shims give', [['authorization', [value]]], 400, 'credential_repeated'],
  ['two joined', [['Authorization', `${value}, ${value}`]], 400, 'credential_repeated'],
  [
    'two joined without a space',
    [['Authorization', `${value},Bearer x`]],
    400,
    'credential_repeated',
  ],
  [
    'a bearer joined to Basic',
    [['Authorization', `Basic x, ${value}`]],
    400,
    'credential_repeated',
  ],
  ['two joined by a tab', [['Authorization', `${value},\tbearer\tx`]], 400, 'credential_repeated'],
  ['a comma behind', [['Authorization', `${value},`]], 400, 'credential_malformed'],
  ['an empty header', [['Authorization', '']], 400, 'credential_malformed'],
  ['white space', [['Authorization', ' \t']], 400, 'credential_malformed'],
  ['no token', [['Authorization', 'Bearer']], 400, 'credential_malformed'],
  ['a space for a token', [['Authorization', 'Bearer ']], 400, 'credential_malformed'],
  ['two spaces', [['Authorization', `Bearer  ${good}`]], 400, 'credential_malformed'],
  ['a tab', [['Authorization', `Bearer\t${good}`]], 400, 'credential_malformed'],
  ['two words', [['Authorization', `Bearer ${good} x`]], 400, 'credential_malformed'],
  ['a space behind', [['Authorization', `${value} `]], 400, 'credential_malformed'],
  ['a line feed behind', [['Authorization', `${value}\n`]], 400, 'credential_malformed'],
  ['quotes', [['Authorization', `Bearer "${good}"`]], 400, 'credential_malformed'],
  ['a letter that no token has', [['Authorization', 'Bearer ä']], 400, 'credential_malformed'],
  ['a number, as shims give', [['authorization', 1]], 400, 'credential_malformed'],
  ['null', [['authorization', null]], 400, 'credential_malformed'],
  ['an object', [['authorization', { toString: () => value }]], 400, 'credential_malformed'],
  [
    'padding, which token68 allows and no JWS has',
    [['Authorization', `${value}=`]],
    401,
    'token_malformed',
  ],
  ['an opaque token', [['Authorization', 'Bearer mF_9.B5f-4.1JqM']], 401, 'token_malformed'],
]

describe.each([false, true])('with optional: %s', (optional) => {
  test.each(cases)('%s', async (_what, headers, outcome, code) => {
    const { guards, pass, records } = createGateHarness({ ...optionsFor(issuer), optional })
    const result = await pass({}, guards.requireAudience(aud), headers)
    // Optional means that no credential is allowed, never that a bad one is.
    const missing = code === 'credential_missing' && optional
    expect(statusOf(result)).toBe(missing ? 'proceed' : outcome)
    if (result.action === 'reply') expect(records).toMatchObject([{ code }])
  })
})

// What a host hands over must not change the verdict: Node gives lines, the Fetch standard joins them.
test.each([
  [value, value],
  [value, 'Bearer x'],
  [value, 'Basic dXNlcjpwYXNz'],
  ['Basic dXNlcjpwYXNz', value],
  ['Basic dXNlcjpwYXNz', 'Basic dXNlcjpwYXNz'],
  [value, 'Negotiate'],
  [value, ''],
  ['', value],
  ['', ''],
  ['DPoP x', 'Digest username="x", uri="/"'],
])('%j and %j are two credentials, joined or not', (...values) => {
  const pairs = values.map((one) => ['authorization', one] as const)
  const headers = new Headers()
  for (const [name, one] of pairs) headers.append(name, one)
  const lines = { method: 'GET', url: '/', headers: pairs }
  const joined = fromFetch({ method: 'GET', url: 'http://api.test/', headers })
  expect(readCredential(lines)).toMatchObject({ code: 'credential_repeated' })
  expect(readCredential(joined)).toMatchObject({ code: 'credential_repeated' })
})

const reasons = {
  credential_repeated: 'two credentials were joined into one Authorization header',
  credential_scheme_unsupported: 'the Authorization header is not of the Bearer scheme',
  credential_malformed: 'Bearer is not followed by one space and one token',
} as const

describe('of one header', () => {
  type Row = readonly [what: string, value: string, code: keyof typeof reasons]
  test.each<Row>([
    ...(
      [
        ['parameters behind a token', 'Bearer abc, Digest username="a"'],
        ['parameters behind a token, without a space', 'Bearer abc,Digest username="a"'],
        ['parameters behind a token, with more spaces', 'Bearer abc, Digest  username="a"'],
        ['parameters behind a token, all indented', ' \tBearer abc, Digest username="a"'],
        ['a token behind parameters', 'Digest username="a", Basic abc=='],
        ['a token behind parameters, without a space', 'Digest username="a",Basic abc=='],
        ['a token behind parameters, with more spaces', 'Digest username="a", Basic  abc=='],
        ['a token behind parameters, without padding', 'Digest username="a", Basic abc'],
        ['a token behind parameters, and a space', 'Digest username="a", Basic abc '],
        ['a token between parameters', 'Digest username="a", Basic abc, b="c"'],
        ['nothing before parameters', ',Digest username="a"'],
        ['white space before parameters', ' \t,Digest username="a"'],
        ['a scheme alone', 'Bearer abc, Negotiate'],
        ['a scheme alone, with more spaces', 'Bearer abc,  Negotiate'],
        ['parameters behind another token', 'Basic abc==,b="c"'],
        ['parameters behind another token, with more spaces', 'Basic  abc,b="c"'],
        ['parameters behind another token, indented', ' Basic abc,b="c"'],
        ['parameters behind a scheme that ends like Bearer', 'Forbearer abc,b="c"'],
      ] as const
    ).map(([what, one]) => [`${what}: two`, one, 'credential_repeated'] as const),
    ...(
      [
        ['parameters', 'Digest username="Mufasa", realm="a", uri="/x", qop=auth, nc=00000001'],
        ['parameters without spaces', 'Digest username="Mufasa",realm="a",qop=auth'],
        ['words in quotes', 'Digest realm="a bearer token, and more"'],
        ['a token in quotes', 'Digest realm="a b, c"'],
        ['a scheme with a comma', 'Bearer,x'],
        ['parameters of a scheme that begins like Bearer', 'Bearers abc,b="c"'],
      ] as const
    ).map(([what, one]) => [`${what}: another`, one, 'credential_scheme_unsupported'] as const),
    ['a parameter behind a token: none', 'Bearer abc,def="x"', 'credential_malformed'],
    ['a comma in a token: none', 'Bearer abc,def', 'credential_malformed'],
  ])('%s', (_what, one, code) => {
    const request = { method: 'GET', url: '/', headers: [['Authorization', one]] as const }
    expect(readCredential(request)).toMatchObject({ code, reason: reasons[code] })
  })

  test.each([
    ['several', [value, value], 'the request has more than one Authorization header'],
    ['none', [' '], 'the Authorization header is empty'],
  ])('%s: the reason says so', (_what, values, reason) => {
    const headers = values.map((one) => ['Authorization', one] as const)
    expect(readCredential({ method: 'GET', url: '/', headers })).toMatchObject({ reason })
  })
})

test.each([
  ['the query', { url: `/orders?access_token=${good}` }],
  ['a header of another name', { headers: [['X-Access-Token', good]] as const }],
  ['a cookie', { headers: [['Cookie', `access_token=${good}`]] as const }],
])('a token in %s is never read', async (_what, request) => {
  const { gate, guards } = createGateHarness(optionsFor(issuer))
  const asked = { method: 'GET', url: '/orders', headers: [], ...request }
  expect(statusOf(await gate.pass({}, asked, guards.requireAuthentication()))).toBe(401)
})
