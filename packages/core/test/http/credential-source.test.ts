import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createGate,
  fromFetch,
  fromNode,
  fromSubprotocol,
  type HeaderPair,
  withToken,
} from '../../src/adapter.ts'
import {
  type CredentialSource,
  fromCookie,
  fromHeader,
  type ResourceServerOptions,
} from '../../src/index.ts'
import { createGateHarness, optionsFor, startIssuer, statusOf } from '../support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud: 'order-service' })
const cookie = fromCookie('__Host-session', { origins: ['https://app.example.com'] })
const header = fromHeader('X-Proxy-Token')

/** The outcome of one request: the status or the action, and the record. */
async function ask(
  credential: CredentialSource,
  headers: readonly HeaderPair[],
  { method = 'GET', ...options }: Partial<ResourceServerOptions> & { method?: string } = {},
) {
  const harness = createGateHarness({ ...optionsFor(issuer), credential, ...options })
  const key = {}
  const request = { method, url: '/orders', headers }
  const result = await harness.gate.pass(key, request, harness.guards.requireAuthentication())
  await harness.settle(key)
  return { outcome: statusOf(result), record: harness.records[0] }
}

const session = (value: string): HeaderPair => ['Cookie', `__Host-session=${value}`]

describe('the reason says', () => {
  const has = 'the request has the cookie'
  test.each<readonly [string, CredentialSource, readonly HeaderPair[], string]>([
    [
      'which cookie is missing',
      cookie,
      [],
      "the request does not have the cookie '__Host-session'",
    ],
    ['which header is missing', header, [], "the request does not have the header 'X-Proxy-Token'"],
    [
      'that Authorization is not read',
      cookie,
      [['Authorization', `Bearer ${good}`]],
      "the request has an Authorization header, which is not read: the option 'credential' names the cookie '__Host-session'",
    ],
    [
      'that there is an Authorization header, too',
      cookie,
      [session(good), ['authorization', '']],
      `${has} '__Host-session' and an Authorization header`,
    ],
    [
      'that the cookie is there twice',
      cookie,
      [session(good), session(good)],
      `${has} '__Host-session' more than once`,
    ],
    ['that the cookie is empty', cookie, [session('')], "the cookie '__Host-session' is empty"],
    [
      'that the value starts with a scheme',
      header,
      [['X-Proxy-Token', `Bearer ${good}`]],
      "the header 'X-Proxy-Token' starts with a scheme. It must contain only the token",
    ],
    [
      'that the value is percent-encoded',
      cookie,
      [session('a%2Bb')],
      "the cookie '__Host-session' is percent-encoded. Have the client send the token without encoding",
    ],
    [
      'that the value is not a token',
      cookie,
      [session('a b')],
      "the cookie '__Host-session' contains characters that a token cannot contain",
    ],
    [
      'that a shim passed something other than a string',
      header,
      [['X-Proxy-Token', 7]],
      "the header 'X-Proxy-Token' is not a string",
    ],
    [
      'that a shim passed something other than a string for cookies',
      cookie,
      [['Cookie', 7]],
      "the cookie '__Host-session' is not a string",
    ],
    [
      'that a shim passed a list',
      header,
      [['X-Proxy-Token', [good]]],
      "the request has the header 'X-Proxy-Token' more than once",
    ],
    [
      'that two headers were joined',
      header,
      [['X-Proxy-Token', `${good}, ${good}`]],
      "the request has the header 'X-Proxy-Token' more than once",
    ],
    ...['a Bearer b', 'a%2', `"${good}"`].map(
      (value): readonly [string, CredentialSource, readonly HeaderPair[], string] => [
        'that the value of a header is not a token',
        header,
        [['X-Proxy-Token', value]],
        "the header 'X-Proxy-Token' contains characters that a token cannot contain",
      ],
    ),
    ...[`"${good}"x`, `x"${good}"`].map(
      (value): readonly [string, CredentialSource, readonly HeaderPair[], string] => [
        'that the value of a cookie is more than a token in quotes',
        cookie,
        [session(value)],
        "the cookie '__Host-session' contains characters that a token cannot contain",
      ],
    ),
  ])('%s', async (_what, source, headers, reason) => {
    expect((await ask(source, headers)).record).toMatchObject({ reason })
  })

  test('what a client other than a browser can send', async () => {
    const { record } = await ask(cookie, [session(good)], { method: 'POST' })
    expect(record?.reason).toBe(
      'the token is in a cookie, and the request has neither Origin nor Sec-Fetch-Site, so another site may have sent ' +
        'it. Have clients other than browsers send Origin',
    )
  })

  test.each<HeaderPair>([
    ['Origin', 'https://evil.test'],
    ['Sec-Fetch-Site', 'cross-site'],
  ])('that the origin of the request is not listed, after %s: %s', async (...from) => {
    const { record } = await ask(cookie, [session(good), from], { method: 'POST' })
    expect(record).toMatchObject({
      code: 'origin_not_allowed',
      reason:
        "the token is in a cookie, and the Origin of the request is neither the service's own nor one of the 'origins' of fromCookie()",
    })
  })

  test.each<HeaderPair>([
    ['Origin', 'https://app.example.com'],
    ['Sec-Fetch-Site', 'same-origin'],
  ])('that there are two of %s', async (...from) => {
    const { record } = await ask(cookie, [session(good), from, from], { method: 'POST' })
    expect(record?.reason).toBe('the request has more than one Origin or Sec-Fetch-Site')
  })

  test('that a token with a key is not accepted, and no warning names publicUrl', async () => {
    const warnings: string[] = []
    const add = (warning: Error): unknown => warnings.push(warning.message)
    process.on('warning', add)
    onTestFinished(() => void process.off('warning', add))
    const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    const bound = issuer.token({ aud: 'order-service', claims: { cnf: { jkt } } })
    const { record } = await ask(cookie, [session(bound)])
    expect(record).toMatchObject({
      code: 'binding_unsupported',
      reason: "the token has cnf.jkt, but bound tokens are not accepted with 'credential'",
    })
    await new Promise(setImmediate)
    expect(warnings.join()).not.toContain('publicUrl')
  })
})

test('a token that is bound to a certificate is refused', async () => {
  const cnf = { 'x5t#S256': 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }
  const bound = issuer.token({ aud: 'order-service', claims: { cnf } })
  const { outcome, record } = await ask(header, [['X-Proxy-Token', bound]])
  expect([outcome, record?.code]).toEqual([401, 'binding_unsupported'])
})

test('a token that is too large is refused without parsing, as in Authorization', async () => {
  const large = 'x'.repeat(8193)
  for (const [source, name, value] of [
    [cookie, 'Cookie', `__Host-session=${large}`],
    [header, 'X-Proxy-Token', large],
  ] as const) {
    expect((await ask(source, [[name, value]])).record?.code).toBe('token_too_large')
  }
})

describe('a request with a cookie and the method', () => {
  test.each(['GET', 'HEAD', 'OPTIONS'])('%s passes from any site', async (method) => {
    const headers: HeaderPair[] = [session(good), ['Origin', 'https://evil.test']]
    expect((await ask(cookie, headers, { method })).outcome).toBe('proceed')
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', 'QUERY', 'get', ''])(
    '%j passes only from a listed origin or the same one',
    async (method) => {
      const from = async (...headers: HeaderPair[]) =>
        (await ask(cookie, [session(good), ...headers], { method })).outcome
      expect(await from()).toBe(403)
      expect(await from(['Origin', 'https://evil.test'])).toBe(403)
      expect(await from(['Sec-Fetch-Site', 'same-site'])).toBe(403)
      expect(await from(['Origin', 'https://app.example.com'])).toBe('proceed')
      expect(await from(['Sec-Fetch-Site', 'same-origin'])).toBe('proceed')
    },
  )
})

test.each([
  ['publicUrl', { publicUrl: 'https://API.example.com:443/orders', prefix: 'stripped' as const }],
  ['resource', { resource: 'https://api.example.com/orders' }],
])('the origin of %s may send unsafe requests', async (_option, options) => {
  const from = async (origin: string) =>
    (
      await ask(fromCookie('__Host-session'), [session(good), ['Origin', origin]], {
        method: 'POST',
        ...options,
      })
    ).outcome
  expect(await from('https://api.example.com')).toBe('proceed')
  expect(await from('https://app.example.com')).toBe(403)
})

test('a GET with Upgrade passes only from a listed origin or the same one', async () => {
  const upgrade: readonly HeaderPair[] = [session(good), ['Upgrade', 'websocket']]
  expect((await ask(cookie, upgrade)).outcome).toBe(403)
  expect((await ask(cookie, [...upgrade, ['Origin', 'https://evil.test']])).outcome).toBe(403)
  const listed: HeaderPair = ['Origin', 'https://app.example.com']
  expect((await ask(cookie, [...upgrade, listed])).outcome).toBe('proceed')
})

test('the value of a cookie may be in quotes', async () => {
  expect((await ask(cookie, [session(`"${good}"`)])).outcome).toBe('proceed')
})

describe('the name of the cookie', () => {
  test.each([
    ['after a semicolon alone', 'a=b;', 'proceed'],
    ['after spaces', 'a=b;   ', 'proceed'],
    ['after a tab', 'a=b;\t', 401],
    ['after a no-break space', 'a=b; \u00a0', 401],
    ['after a line feed', 'a=b;\n', 401],
    ['as a value', '=', 401],
    ['with a prefix', 'x', 401],
    ['in quotes that began before', 'a="b; ', 'proceed'],
  ])('%s', async (_what, before, outcome) => {
    const headers: HeaderPair[] = [['Cookie', `${before}__Host-session=${good}`]]
    expect((await ask(cookie, headers)).outcome).toBe(outcome)
  })
})

test('a header is not sent by browsers on their own, so its origin is not checked', async () => {
  const headers: HeaderPair[] = [['x-proxy-token', good]]
  expect((await ask(header, headers, { method: 'POST' })).outcome).toBe('proceed')
})

test('an anonymous request needs no origin', async () => {
  const { outcome } = await ask(cookie, [['Cookie', 'a=b']], { method: 'POST', optional: true })
  expect(outcome).toBe(401)
  const harness = createGateHarness({ ...optionsFor(issuer), credential: cookie, optional: true })
  const request = { method: 'POST', url: '/', headers: [] }
  const guard = harness.guards.requireAudience('order-service')
  expect(statusOf(await harness.gate.pass({}, request, guard))).toBe('proceed')
})

describe('headers that code before the guard sets', () => {
  const request = (headers: Record<string, string>) =>
    fromNode({ method: 'GET', url: '/', rawHeaders: ['Host', 'api.test'], headers })

  test.each([
    ['cookie', cookie, { cookie: `a=b; __Host-session=${good}` }],
    ['header', header, { 'x-proxy-token': good }],
  ])('are ignored for a %s, and the reason says so', async (what, credential, headers) => {
    const harness = createGateHarness({ ...optionsFor(issuer), credential })
    const guard = harness.guards.requireAuthentication()
    expect(statusOf(await harness.gate.pass({}, request(headers), guard))).toBe(401)
    await new Promise(setImmediate)
    expect(harness.records[0]?.reason).toContain(`the client did not send the ${what}`)
    expect(harness.records[0]?.reason).toContain('set it in req.headers, which is ignored')
  })

  test('are not mentioned if they are others', async () => {
    const harness = createGateHarness({ ...optionsFor(issuer), credential: cookie })
    const guard = harness.guards.requireAuthentication()
    await harness.gate.pass({}, request({ cookie: 'a=b', authorization: 'x' }), guard)
    await new Promise(setImmediate)
    expect(harness.records[0]?.reason).toMatch(/^the request does not have the cookie/)
  })
})

test('a preflight passes with allowPreflight, unless it has a token', async () => {
  const preflight: readonly HeaderPair[] = [
    ['Origin', 'https://app.example.com'],
    ['Access-Control-Request-Method', 'POST'],
  ]
  const options = { method: 'OPTIONS', allowPreflight: true }
  expect((await ask(cookie, preflight, options)).outcome).toBe('proceed')
  expect((await ask(cookie, [...preflight, session('garbage')], options)).outcome).toBe(401)
})

test('the OpenAPI document and the metadata say where the token is', () => {
  const options = { ...optionsFor(issuer), resource: 'https://api.example.com' }
  const described = (credential: CredentialSource) => {
    const gate = createGate({ ...options, credential })
    return { ...gate.openapi().securitySchemes, ...gate.metadata().document() }
  }
  const description = 'An OAuth 2.0 access token.'
  expect(described(cookie)).toEqual({
    accessToken: { type: 'apiKey', in: 'cookie', name: '__Host-session', description },
    resource: 'https://api.example.com',
    authorization_servers: [issuer.url],
    bearer_methods_supported: [],
  })
  expect(described(header).accessToken).toMatchObject({ in: 'header', name: 'X-Proxy-Token' })
})

describe('a token in a subprotocol', () => {
  const source = fromSubprotocol('access_token')
  const offer = (...protocols: readonly string[]): HeaderPair => [
    'Sec-WebSocket-Protocol',
    protocols.join(', '),
  ]
  const offered = `access_token.${good}`
  const bearer: HeaderPair = ['Authorization', `Bearer ${good}`]

  test.each<readonly [string, readonly HeaderPair[], number | string, string | undefined]>([
    ['alone', [offer(offered)], 'proceed', undefined],
    ['among others', [offer('orders.v1', offered, 'x')], 'proceed', undefined],
    ['in a second line', [offer('orders.v1'), offer(offered)], 'proceed', undefined],
    ['without a space', [offer(`orders.v1,${offered}`)], 'proceed', undefined],
    ['in Authorization instead', [offer('orders.v1'), bearer], 'proceed', undefined],
    ['in Authorization, too', [offer(offered), bearer], 400, 'credential_repeated'],
    ['twice', [offer(offered, offered)], 400, 'credential_repeated'],
    ['twice in two lines', [offer(offered), offer(offered)], 400, 'credential_repeated'],
    ['that is empty', [offer('access_token.')], 400, 'credential_malformed'],
    ['that is malformed', [offer('access_token.a b')], 400, 'credential_malformed'],
    ['under a name in another case', [offer(`Access_Token.${good}`)], 401, 'credential_missing'],
    ['under a longer name', [offer(`x_access_token.${good}`)], 401, 'credential_missing'],
    ['without the name', [offer(good)], 401, 'credential_missing'],
    ['as the next subprotocol', [offer('access_token', good)], 401, 'credential_missing'],
    ['with another scheme', [['Authorization', 'Basic x']], 401, 'credential_scheme_unsupported'],
  ])('%s', async (_what, headers, outcome, code) => {
    const result = await ask(source, headers)
    expect([result.outcome, result.record?.code]).toEqual([outcome, code])
  })

  test('needs no origin, because a page of another site does not know it', async () => {
    const headers: HeaderPair[] = [
      offer(offered),
      ['Upgrade', 'websocket'],
      ['Origin', 'https://x.test'],
    ]
    expect((await ask(source, headers)).outcome).toBe('proceed')
  })

  test('leaves DPoP on for Authorization, and is never enough for a bound token', async () => {
    const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    const bound = issuer.token({ aud: 'order-service', claims: { cnf: { jkt } } })
    const { record } = await ask(source, [offer(`access_token.${bound}`)], {
      publicUrl: 'https://api.example.com',
    })
    expect(record).toMatchObject({ code: 'binding_unproven' })
  })

  test('changes neither the metadata nor the OpenAPI document', () => {
    const options = { ...optionsFor(issuer), resource: 'https://api.example.com' }
    const [one, other] = [createGate(options), createGate({ ...options, credential: source })]
    expect(other.metadata().document()).toEqual(one.metadata().document())
    expect(other.openapi().securitySchemes).toEqual(one.openapi().securitySchemes)
  })

  test('is named in the reason if the request has no token', async () => {
    expect((await ask(source, [])).record?.reason).toBe(
      "the request has neither an Authorization header nor the subprotocol 'access_token'",
    )
  })

  test.each(['a.b', 'a+b', ''])('%j cannot be its name', (name) => {
    expect(() => fromSubprotocol(name)).toThrow(/subprotocol/)
  })
})

describe('withToken', () => {
  const original = {
    method: 'GET',
    url: '/orders',
    headers: [['Authorization', 'Bearer other'] as const, session('other')],
  }
  const outcome = async (token: unknown, credential?: CredentialSource) => {
    const options = { ...optionsFor(issuer), ...(credential && { credential }) }
    const { gate, guards } = createGateHarness(options)
    const guard = guards.requireAuthentication()
    return statusOf(await gate.pass({}, withToken(original, token), guard))
  }

  test('replaces every credential of the request', async () => {
    expect(await outcome(good)).toBe('proceed')
    expect(await outcome(good, fromSubprotocol('access_token'))).toBe('proceed')
    expect(await outcome('x')).toBe(401)
  })

  test.each<readonly [what: string, token: unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an object', {}],
    ['a list', [good]],
    ['an empty text', ''],
  ])('refuses %s', async (_what, token) => {
    expect(await outcome(token)).toSatisfy((status) => status === 400 || status === 401)
  })

  test('keeps the connection, which may have a certificate', () => {
    const connection = { remoteAddress: '10.0.0.5' }
    const request = { ...original, connection: () => connection }
    expect(withToken(request, good).connection?.()).toBe(connection)
    expect(withToken(original, good).connection?.()).toBe(undefined)
  })

  test('does not pass where tokens are accepted only from a cookie', async () => {
    expect(await outcome(good, cookie)).toBe(401)
  })
})

describe('the reason for a request without a token says that the query is not read', () => {
  test.each([
    ['/orders?access_token=x', 'access_token'],
    ['/orders?a=b&token=x', 'token'],
    ['/orders?jwt=', 'jwt'],
  ])('for %s', async (url, parameter) => {
    const { gate, guards, records } = createGateHarness(optionsFor(issuer))
    await gate.pass({}, { method: 'GET', url, headers: [] }, guards.requireAuthentication())
    await new Promise(setImmediate)
    expect(records[0]?.reason).toBe(
      `the request has no Authorization header. The query has '${parameter}', but tokens in the query are never read, because URLs are logged`,
    )
  })

  test.each(['/orders?my_token=x', '/token=x', '/orders?token', '/orders'])(
    'and not for %s',
    async (url) => {
      const { gate, guards, records } = createGateHarness(optionsFor(issuer))
      await gate.pass({}, { method: 'GET', url, headers: [] }, guards.requireAuthentication())
      await new Promise(setImmediate)
      expect(records[0]?.reason).toBe('the request has no Authorization header')
    },
  )
})

// The result must be the same for Node, which passes separate headers, and Fetch, which joins them.
test('requests of Node and of the Fetch standard have the same result', async () => {
  const name = fc.constantFrom('__Host-session', '__host-session', 'a', ' __Host-session', '$V')
  const value = fc.oneof(
    fc.constantFrom(good, `"${good}"`, '', '"', `${good} `, 'x,y', 'a=b'),
    fc.string({ unit: fc.constantFrom(...Array.from('aA0.=;,"% \\')) }),
  )
  const pair = fc.tuple(name, value).map(([key, text]) => `${key}=${text}`)
  const line = fc.array(pair, { maxLength: 3 }).map((pairs) => pairs.join('; '))
  const gate = createGate({ ...optionsFor(issuer), credential: cookie })
  const { guard } = gate.guards((made) => ({ guard: made })).requireAuthentication()
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 2 }), async (sent) => {
      const lines = sent.map((one) => one.trim())
      const headers = new Headers()
      for (const one of lines) headers.append('cookie', one)
      const raw = lines.flatMap((one) => ['Cookie', one])
      const node = fromNode({ method: 'GET', url: '/', rawHeaders: raw, headers: {} })
      const web = fromFetch({ method: 'GET', url: 'http://api.test/', headers })
      const one = await gate.pass({}, node, guard)
      expect(statusOf(await gate.pass({}, web, guard))).toBe(statusOf(one))
      const values = lines
        .join('; ')
        .split(/; */)
        .filter((each) => each.startsWith('__Host-session='))
      if (one.action === 'proceed') expect(values).toHaveLength(1)
      if (values.length > 1) expect(statusOf(one)).toBe(400)
      if (values.length === 0) expect(statusOf(one)).toBe(401)
    }),
    { numRuns: 300 },
  )
})
