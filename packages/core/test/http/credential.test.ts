import { describe, expect, test } from 'vitest'
import { fromFetch, type HeaderPair } from '../../src/adapter.ts'
import { refuse, type Refusal } from '../../src/errors/refusal.ts'
import {
  isPreflight,
  missingCredential,
  readCredential,
  usesOtherScheme,
} from '../../src/http/credential.ts'
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
  ['the scheme in mixed case', [['authorization', `bEaReR ${good}`]], 'proceed', undefined],
  ['the header name in mixed case', [['AuThOrIzAtIoN', value]], 'proceed', undefined],
  [
    'one bearer token and a header that is undefined',
    [
      ['authorization', undefined],
      ['authorization', value],
    ],
    'proceed',
    undefined,
  ],
  ['no headers', [], 401, 'credential_missing'],
  [
    'the token in other headers only',
    [
      ['Cookie', value],
      ['Proxy-Authorization', value],
    ],
    401,
    'credential_missing',
  ],
  [
    'the scheme Basic',
    [['Authorization', 'Basic dXNlcjpwYXNz']],
    401,
    'credential_scheme_unsupported',
  ],
  ['the scheme DPoP', [['Authorization', `DPoP ${good}`]], 401, 'credential_scheme_unsupported'],
  ['a token without a scheme', [['Authorization', good]], 401, 'credential_scheme_unsupported'],
  [
    'a scheme that starts with Bearer',
    [['Authorization', `Bearers ${good}`]],
    401,
    'credential_scheme_unsupported',
  ],
  ['the same header twice', [...bearer(good), ...bearer(good)], 400, 'credential_repeated'],
  [
    'two headers whose names differ in case',
    [
      ['authorization', value],
      ['AUTHORIZATION', value],
    ],
    400,
    'credential_repeated',
  ],
  [
    'a Bearer header, then a Basic header',
    [...bearer(good), ['Authorization', 'Basic x']],
    400,
    'credential_repeated',
  ],
  [
    'an empty header, then a Bearer header',
    [['Authorization', ''], ...bearer(good)],
    400,
    'credential_repeated',
  ],
  [
    'an array of values, as in serverless shims',
    [['authorization', [value]]],
    400,
    'credential_repeated',
  ],
  [
    'two credentials joined by a comma',
    [['Authorization', `${value}, ${value}`]],
    400,
    'credential_repeated',
  ],
  [
    'two credentials joined without a space',
    [['Authorization', `${value},Bearer x`]],
    400,
    'credential_repeated',
  ],
  [
    'a Basic and a Bearer credential joined',
    [['Authorization', `Basic x, ${value}`]],
    400,
    'credential_repeated',
  ],
  [
    'two credentials joined by a comma and a tab',
    [['Authorization', `${value},\tbearer\tx`]],
    400,
    'credential_repeated',
  ],
  ['a comma after the token', [['Authorization', `${value},`]], 400, 'credential_malformed'],
  ['an empty header', [['Authorization', '']], 400, 'credential_malformed'],
  ['a header of white space', [['Authorization', ' \t']], 400, 'credential_malformed'],
  ['Bearer without a token', [['Authorization', 'Bearer']], 400, 'credential_malformed'],
  ['Bearer and a space', [['Authorization', 'Bearer ']], 400, 'credential_malformed'],
  [
    'two spaces before the token',
    [['Authorization', `Bearer  ${good}`]],
    400,
    'credential_malformed',
  ],
  ['a tab before the token', [['Authorization', `Bearer\t${good}`]], 400, 'credential_malformed'],
  [
    'a second word after the token',
    [['Authorization', `Bearer ${good} x`]],
    400,
    'credential_malformed',
  ],
  ['a space after the token', [['Authorization', `${value} `]], 400, 'credential_malformed'],
  ['a line feed after the token', [['Authorization', `${value}\n`]], 400, 'credential_malformed'],
  ['a token in quotes', [['Authorization', `Bearer "${good}"`]], 400, 'credential_malformed'],
  ['a letter that is not ASCII', [['Authorization', 'Bearer ä']], 400, 'credential_malformed'],
  ['a value that is a number', [['authorization', 1]], 400, 'credential_malformed'],
  ['a value that is null', [['authorization', null]], 400, 'credential_malformed'],
  [
    'a value that is an object',
    [['authorization', { toString: () => value }]],
    400,
    'credential_malformed',
  ],
  [
    'a padded token, which token68 allows and JWS does not',
    [['Authorization', `${value}=`]],
    401,
    'token_malformed',
  ],
  ['an opaque token', [['Authorization', 'Bearer mF_9.B5f-4.1JqM']], 401, 'token_malformed'],
]

describe.each([false, true])('a request with optional: %s and', (optional) => {
  test.each(cases)('%s', async (_what, headers, outcome, code) => {
    const { guards, pass, records } = createGateHarness({ ...optionsFor(issuer), optional })
    const result = await pass({}, guards.requireAudience(aud), headers)
    // `optional` allows a request without credentials. It never accepts an invalid one.
    const missing = code === 'credential_missing' && optional
    expect(statusOf(result)).toBe(missing ? 'proceed' : outcome)
    if (result.action === 'reply') expect(records).toMatchObject([{ code }])
  })
})

// The result must be the same for Node, which passes separate headers, and Fetch, which joins them.
test.each([
  ['Bearer <token>', 'Bearer <token>'],
  ['Bearer <token>', 'Bearer x'],
  ['Bearer <token>', 'Basic dXNlcjpwYXNz'],
  ['Basic dXNlcjpwYXNz', 'Bearer <token>'],
  ['Basic dXNlcjpwYXNz', 'Basic dXNlcjpwYXNz'],
  ['Bearer <token>', 'Negotiate'],
  ['Bearer <token>', ''],
  ['', 'Bearer <token>'],
  ['', ''],
  ['DPoP x', 'Digest username="x", uri="/"'],
])('refuses %j and %j as repeated credentials, joined or not', (...values) => {
  // The token is random, so it must not be part of the test titles.
  const pairs = values.map((one) => ['authorization', one.replace('<token>', good)] as const)
  const headers = new Headers()
  for (const [name, one] of pairs) headers.append(name, one)
  const lines = { method: 'GET', url: '/', headers: pairs }
  const joined = fromFetch({ method: 'GET', url: 'http://api.test/', headers })
  expect(readCredential(lines, false)).toMatchObject({ code: 'credential_repeated' })
  expect(readCredential(joined, false)).toMatchObject({ code: 'credential_repeated' })
})

const reasons = {
  credential_repeated: 'the Authorization header has more than one credential',
  credential_scheme_unsupported: 'the Authorization header does not use the Bearer scheme',
  credential_malformed: 'Bearer is not followed by one space and one token',
} as const

describe('the code and reason for an Authorization header', () => {
  type Row = readonly [what: string, value: string, code: keyof typeof reasons]
  test.each<Row>([
    ...(
      [
        ['parameters after a token', 'Bearer abc, Digest username="a"'],
        ['parameters after a token, without a space', 'Bearer abc,Digest username="a"'],
        ['parameters after a token, with two spaces', 'Bearer abc, Digest  username="a"'],
        [
          'parameters after a token, with leading white space',
          ' \tBearer abc, Digest username="a"',
        ],
        ['a token after parameters', 'Digest username="a", Basic abc=='],
        ['a token after parameters, without a space', 'Digest username="a",Basic abc=='],
        ['a token after parameters, with two spaces', 'Digest username="a", Basic  abc=='],
        ['a token after parameters, without padding', 'Digest username="a", Basic abc'],
        ['a token after parameters, with a trailing space', 'Digest username="a", Basic abc '],
        ['a token between parameters', 'Digest username="a", Basic abc, b="c"'],
        ['an empty credential before parameters', ',Digest username="a"'],
        ['white space before parameters', ' \t,Digest username="a"'],
        ['a scheme without a token', 'Bearer abc, Negotiate'],
        ['a scheme without a token, with two spaces', 'Bearer abc,  Negotiate'],
        ['parameters after another token', 'Basic abc==,b="c"'],
        ['parameters after another token, with two spaces', 'Basic  abc,b="c"'],
        ['parameters after another token, with leading white space', ' Basic abc,b="c"'],
        ['parameters after a scheme that ends like Bearer', 'Forbearer abc,b="c"'],
      ] as const
    ).map(([what, one]) => [`with ${what}: repeated`, one, 'credential_repeated'] as const),
    ...(
      [
        ['parameters', 'Digest username="Mufasa", realm="a", uri="/x", qop=auth, nc=00000001'],
        ['parameters without spaces', 'Digest username="Mufasa",realm="a",qop=auth'],
        ['a comma in quotes', 'Digest realm="a bearer token, and more"'],
        ['a comma and a token in quotes', 'Digest realm="a b, c"'],
        ['a scheme with a comma', 'Bearer,x'],
        ['parameters of a scheme that starts with Bearer', 'Bearers abc,b="c"'],
      ] as const
    ).map(
      ([what, one]) =>
        [`with ${what}: another scheme`, one, 'credential_scheme_unsupported'] as const,
    ),
    [
      'with a parameter after a Bearer token: malformed',
      'Bearer abc,def="x"',
      'credential_malformed',
    ],
    ['with a comma in a token: malformed', 'Bearer abc,def', 'credential_malformed'],
  ])('%s', (_what, one, code) => {
    const request = { method: 'GET', url: '/', headers: [['Authorization', one]] as const }
    const refusal = readCredential(request, false)
    expect(refusal).toHaveProperty('code', code)
    expect(refusal).toHaveProperty('reason', expect.stringContaining(reasons[code]))
  })

  test.each([
    ['more than one header', [value, value], 'the request has more than one Authorization header'],
    ['an empty header', [' '], 'the Authorization header is empty'],
  ])('the reason for %s is exact', (_what, values, reason) => {
    const headers = values.map((one) => ['Authorization', one] as const)
    expect(readCredential({ method: 'GET', url: '/', headers }, false)).toMatchObject({ reason })
  })
})

describe('the reason says what was sent instead of a Bearer token:', () => {
  const scheme = reasons.credential_scheme_unsupported
  const malformed = reasons.credential_malformed
  const send = "have the client send 'Authorization: Bearer <token>'"
  test.each<readonly [what: string, value: string, reason: string]>([
    ['Basic', 'Basic dXNlcjpwYXNz', `${scheme}: it uses 'basic'. H${send.slice(1)}`],
    ['Token', 'Token abc', `${scheme}: it uses 'token'. H${send.slice(1)}`],
    ['Digest', 'Digest a=b', `${scheme}: it uses 'digest'. H${send.slice(1)}`],
    ['Negotiate', 'Negotiate abc', `${scheme}: it uses 'negotiate'. H${send.slice(1)}`],
    ['NTLM', 'NTLM abc', `${scheme}: it uses 'ntlm'. H${send.slice(1)}`],
    ['ApiKey', 'ApiKey abc', `${scheme}: it uses 'apikey'. H${send.slice(1)}`],
    ['JWT', 'JWT abc', `${scheme}: it uses 'jwt'. H${send.slice(1)}`],
    [
      'DPoP',
      'DPoP abc',
      `${scheme}: it uses DPoP. DPoP requires the option 'publicUrl', and 'dpop' must not be 'off'`,
    ],
    [
      'a token alone',
      'eyJ.e30.AA',
      `${scheme}: it is a single word. If this is the token, ${send}`,
    ],
    [
      'a token alone and a space',
      'eyJ.e30.AA ',
      `${scheme}: it is a single word. If this is the token, ${send}`,
    ],
    ['a colon', 'Bearer: abc', `${scheme}: 'Bearer' is not followed by a space`],
    ['an unknown scheme, which may be a secret', 'S3cret abc', scheme],
    [
      'Bearer alone',
      'Bearer',
      `${malformed}: nothing follows. Check whether the client sets its token variable`,
    ],
    [
      'Bearer and a space',
      'Bearer ',
      `${malformed}: nothing follows. Check whether the client sets its token variable`,
    ],
    ['Bearer twice', 'Bearer Bearer abc', `${malformed}: the word 'Bearer' occurs twice`],
    ['double quotes', 'Bearer "abc"', `${malformed}: the token is in quotes`],
    ['single quotes', "Bearer 'abc'", `${malformed}: the token is in quotes`],
    [
      'an object',
      'Bearer [object Object]',
      `${malformed}: an object follows. Have the client send the token inside it`,
    ],
    ['two spaces', 'Bearer  abc', `${malformed}: there is extra white space`],
    ['a tab', 'Bearer\tabc', `${malformed}: there is extra white space`],
    ['white space in the token', 'Bearer abc def', `${malformed}: the token contains white space`],
    ['the word bearer later', 'Bearer abc bearer', `${malformed}: the token contains white space`],
    [
      'a quote in the token',
      'Bearer ab"c',
      `${malformed}: the token contains characters that a token cannot contain`,
    ],
    [
      'two spaces after the token',
      'Bearer abc  ',
      `${malformed}: the token contains characters that a token cannot contain`,
    ],
    [
      'characters that a token cannot contain',
      'Bearer abc%20',
      `${malformed}: the token contains characters that a token cannot contain`,
    ],
  ])('%s', (_what, sent, reason) => {
    const request = { method: 'GET', url: '/', headers: [['Authorization', sent]] as const }
    expect(readCredential(request, false)).toHaveProperty('reason', reason)
  })
})

describe('a header that code before the guard sets', () => {
  const request = { method: 'GET', url: '/', headers: [] }

  test('is ignored, and the reason says so', () => {
    const changed = { ...request, hostHeaders: { authorization: value } }
    expect(readCredential(changed, false)).toBeUndefined()
    expect(missingCredential(changed, undefined)).toEqual(
      refuse(
        'credential_missing',
        "the client sent no Authorization header. Code that ran before the guard set req.headers.authorization, which is ignored: only the headers that the client sent count. To read tokens from a cookie or another header, set the option 'credential'",
      ),
    )
  })

  test.each([
    ['does not set it', { ...request, hostHeaders: { accept: '*/*' } }],
    ['is unknown to the host', request],
  ])('is not mentioned if that code %s', (_what, unchanged) => {
    expect(missingCredential(unchanged, undefined)).toHaveProperty(
      'reason',
      'the request has no Authorization header',
    )
  })
})

test.each([
  ['the query', { url: `/orders?access_token=${good}` }],
  ['a header of another name', { headers: [['X-Access-Token', good]] as const }],
  ['a cookie', { headers: [['Cookie', `access_token=${good}`]] as const }],
])('does not read a token in %s', async (_what, request) => {
  const { gate, guards } = createGateHarness(optionsFor(issuer))
  const full = { method: 'GET', url: '/orders', headers: [], ...request }
  expect(statusOf(await gate.pass({}, full, guards.requireAuthentication()))).toBe(401)
})

describe('the DPoP scheme', () => {
  const read = (header: string, acceptsDpop = true) =>
    readCredential({ method: 'GET', url: '/', headers: [['Authorization', header]] }, acceptsDpop)

  test.each(['DPoP', 'dpop', 'DPOP', 'dPoP'])('is accepted as %s', (scheme) => {
    expect(read(`${scheme} abc`)).toEqual({ scheme: 'DPoP', token: 'abc' })
  })

  test('is unsupported if DPoP is off, and the reason names the option', () => {
    const refusal = read('DPoP abc', false)
    expect(refusal).toMatchObject({ code: 'credential_scheme_unsupported' })
    expect((refusal as Refusal).reason).toContain("'publicUrl'")
  })

  test.each(['DPoP', 'DPoP ', 'DPoP  abc', 'DPoP abc def', 'DPoP token=abc', 'DPoP abc, x=y'])(
    'refuses %j as malformed, and remembers the scheme',
    (header) => {
      const detail = { scheme: 'DPoP' }
      expect(read(header)).toMatchObject({ code: 'credential_malformed', detail })
    },
  )

  test('is named next to Bearer in the reason for another scheme', () => {
    expect(read('Digest abc')).toMatchObject({
      code: 'credential_scheme_unsupported',
      reason:
        "the Authorization header does not use the Bearer or DPoP scheme: it uses 'digest'. Have the client send 'Authorization: Bearer <token>'",
    })
  })

  test.each(['Bearer abc, DPoP abc', 'DPoP abc, Bearer abc', 'DPoP abc, DPoP abc'])(
    'refuses %j as repeated credentials',
    (header) => {
      expect(read(header)).toMatchObject({ code: 'credential_repeated' })
    },
  )
})

describe('usesOtherScheme', () => {
  const uses = (...values: readonly unknown[]): boolean => {
    const headers = values.map((one): HeaderPair => ['authorization', one])
    return usesOtherScheme({ method: 'GET', url: '/', headers })
  }

  test.each([
    'Basic dXNlcjpwYXNz',
    'basic  x',
    'Token abc',
    "!#$%&'*+.^_`|~0-9A x",
    'x-bearer abc',
  ])('is true for %j', (header) => expect(uses(header)).toBe(true))

  test.each([
    'Bearer abc',
    'BEARER abc',
    'Bearerx abc',
    'DPoP abc',
    'dpop abc',
    'abc',
    'Basic',
    'Basic ',
    ' Basic abc',
    'Ba(sic abc',
    'Basic\tabc',
    '',
    'Basic abc, Basic abc',
    'Basic abc, Bearer abc',
  ])('is false for %j', (header) => expect(uses(header)).toBe(false))

  test('is false for several headers, none, and values that are not strings', () => {
    expect(uses('Basic abc', 'Basic abc')).toBe(false)
    expect(uses()).toBe(false)
    expect(uses(['Basic abc'])).toBe(false)
  })
})

describe('isPreflight', () => {
  const origin = ['Origin', 'https://shop.example'] as const
  const method = ['access-control-request-method', 'PUT'] as const
  const token = ['AUTHORIZATION', value] as const

  test.each<readonly [string, string, readonly HeaderPair[], boolean]>([
    ['OPTIONS with both headers', 'OPTIONS', [origin, method], true],
    ['OPTIONS without Origin', 'OPTIONS', [method], false],
    ['OPTIONS without Access-Control-Request-Method', 'OPTIONS', [origin], false],
    ['OPTIONS in lowercase, which is another method', 'options', [origin, method], false],
    ['GET with both headers', 'GET', [origin, method], false],
    ['OPTIONS with a token', 'OPTIONS', [origin, method, token], false],
    [
      'OPTIONS with an empty Authorization',
      'OPTIONS',
      [origin, method, ['authorization', '']],
      false,
    ],
  ])('for %s', (_what, name, headers, expected) => {
    expect(isPreflight({ method: name, url: '/', headers }, undefined)).toBe(expected)
  })
})
