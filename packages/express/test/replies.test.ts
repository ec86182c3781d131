import { describe, expect, test } from 'vitest'
import { type ExpressGuard, type ResourceServer, resourceServer } from '../src/index.ts'
import { bearer, handler, hosts, send, sendThrough, serve, startIssuer } from './support.ts'

const issuer = await startIssuer()
const aud = 'order-service'
const { url, clock } = issuer
const directToken = issuer.token({ aud, scope: 'orders:read' })
const delegatedToken = issuer.token({ aud, actors: ['user-service'] })
const withClaims = (claims: object) => issuer.token({ aud, claims: { ...claims } })

const api = () => resourceServer({ issuer: url, clock, audience: aud, realm: 'orders "v1"' })
type Api = ResourceServer<object, unknown>

/** The expected response. `error` and `detail` are in the challenge and in the body. */
interface ExpectedReply {
  readonly status: number
  readonly title: string
  readonly error?: string
  readonly detail: string
  /** Further parameters of the challenge. */
  readonly parameters?: string
}

const noCredential = {
  status: 401,
  title: 'Unauthorized',
  detail: 'An access token is required',
}
const invalid = { status: 401, title: 'Unauthorized', error: 'invalid_token' }
const malformed = { status: 400, title: 'Bad Request', error: 'invalid_request' }
const forbidden = { status: 403, title: 'Forbidden' }
const forbiddenBecause = (detail: string) => ({ ...forbidden, detail })
const scopeRequired = (names: string) => ({
  ...forbiddenBecause('The access token lacks a required scope'),
  error: 'insufficient_scope',
  parameters: `scope="${names}"`,
})
const stepUp = (parameters: string) => ({
  status: 401,
  title: 'Unauthorized',
  error: 'insufficient_user_authentication',
  detail: 'More recent or stronger authentication is required',
  parameters,
})

type CredentialCase = readonly [title: string, authorization: string, reply: ExpectedReply]
const credentials: readonly CredentialCase[] = [
  ['a Basic credential', 'Basic dXNlcjpwYXNz', noCredential],
  ['a DPoP credential', `DPoP ${directToken}`, noCredential],
  [
    'a credential that is not token68',
    'Bearer a b',
    { ...malformed, detail: 'The credential is malformed' },
  ],
  [
    'a token that is not a JWT',
    'Bearer garbage',
    { ...invalid, detail: 'The access token is not valid' },
  ],
]

type TokenCase = readonly [title: string, token: string, detail: string]
const tokens: readonly TokenCase[] = [
  ['an expired token', issuer.forge.expired({ aud }), 'The access token expired'],
  [
    'a token that is not valid yet',
    issuer.token({ aud, notBefore: 9 }),
    'The access token is not valid yet',
  ],
  ['an ID token', issuer.idToken({ aud }), 'The token is not an access token'],
  [
    'a token for another audience',
    issuer.token({ aud: 'x' }),
    'The access token is meant for another audience',
  ],
  [
    'a token bound to a key',
    withClaims({ cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } }),
    'The access token is bound to a key',
  ],
  [
    'a token with a malformed actor',
    withClaims({ act: 'x' }),
    'The actor of the access token is malformed',
  ],
  [
    'a token without a subject',
    withClaims({ sub: undefined }),
    'The access token lacks a required claim',
  ],
  [
    'a token with a malformed claim',
    withClaims({ nbf: '1' }),
    'A claim of the access token is malformed',
  ],
]

type GuardCase = readonly [
  title: string,
  token: string,
  guard: (a: Api) => ExpressGuard,
  reply: ExpectedReply,
]
const notExchanged = 'The client is not allowed here'
const guards: readonly GuardCase[] = [
  [
    'requireScope',
    directToken,
    (a) => a.requireScope('orders:read', 'b'),
    scopeRequired('orders:read b'),
  ],
  [
    'requireAnyScope',
    directToken,
    (a) => a.requireAnyScope('stock:read', 'b'),
    scopeRequired('stock:read b'),
  ],
  [
    'requireStepUp with acr',
    directToken,
    (a) => a.requireStepUp({ acr: ['mfa', 'hwk'] }),
    stepUp('acr_values="mfa hwk"'),
  ],
  [
    'requireStepUp with maxAge',
    directToken,
    (a) => a.requireStepUp({ maxAge: 300 }),
    stepUp('max_age="300"'),
  ],
  [
    'requireActor',
    delegatedToken,
    (a) => a.requireActor('x'),
    forbiddenBecause('The actor is not allowed here'),
  ],
  [
    'requireDelegated',
    directToken,
    (a) => a.requireDelegated(),
    forbiddenBecause('Only delegated access is allowed here'),
  ],
  [
    'requireDirect',
    delegatedToken,
    (a) => a.requireDirect(),
    forbiddenBecause('Delegated access is not allowed here'),
  ],
  ['requireClient', directToken, (a) => a.requireClient('x'), forbiddenBecause(notExchanged)],
  [
    'requireClaim',
    directToken,
    (a) => a.requireClaim('tenant'),
    forbiddenBecause('Access is not allowed'),
  ],
  [
    'requirePolicy',
    directToken,
    (a) => a.requirePolicy(() => false),
    forbiddenBecause('Access is not allowed'),
  ],
]

describe.each(hosts)('the response on %s', (_host, express) => {
  async function expectReply(
    guard: ExpressGuard,
    headers: Record<string, string>,
    reply: ExpectedReply,
  ) {
    const { status, title, error, detail, parameters } = reply
    const response = await sendThrough(express, [guard], headers)
    expect(response).toMatchObject({ status, handled: 0 })
    const errorParameters = error && `error="${error}", error_description="${detail}"`
    const challenge = [String.raw`Bearer realm="orders \"v1\""`, errorParameters, parameters]
    expect(response.headers).toMatchObject({
      'www-authenticate': challenge.filter((part) => part !== undefined).join(', '),
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    })
    expect(response.headers).not.toHaveProperty('retry-after')
    const body: unknown = JSON.parse(response.body)
    expect(body).toEqual({ type: 'about:blank', title, status, detail, ...(error && { error }) })
  }

  test('has the exact status, headers and body for a request without a credential', () =>
    expectReply(api().requireAuthentication(), {}, noCredential))

  test.each(credentials)(
    'has the exact status, headers and body for %s',
    (_title, authorization, reply) =>
      expectReply(api().requireAuthentication(), { authorization }, reply),
  )

  test.each(tokens)('has the exact status, headers and body for %s', (_title, token, detail) =>
    expectReply(api().requireAuthentication(), bearer(token), { ...invalid, detail }),
  )

  test.each(guards)(
    'has the exact status, headers and body for a refusal by %s',
    (_title, token, guard, reply) => expectReply(guard(api()), bearer(token), reply),
  )

  test("is the handler's for a valid token, without headers of the guard", async () => {
    const response = await sendThrough(
      express,
      [api().requireScope('orders:read')],
      bearer(directToken),
    )
    expect(response).toMatchObject({ status: 200, body: 'in', handled: 1 })
    expect(response.headers).not.toHaveProperty('www-authenticate')
    expect(response.headers).not.toHaveProperty('cache-control')
  })

  test('is the same for every token that fails before or at the signature check', async () => {
    const { unsigned, hmacWithPublicKey, unknownKey, wrongIssuer, tampered } = issuer.forge
    const forged = [unsigned, hmacWithPublicKey, unknownKey, wrongIssuer, tampered]
    const invalidTokens = [
      'garbage',
      'a.b.c',
      'x'.repeat(8193),
      ...forged.map((forge) => forge({ aud })),
    ]
    const port = await serve(express().get('/', api().requireAuthentication(), handler()))
    const responses = new Set<string>()
    for (const token of invalidTokens) {
      const { status, headers, body } = await send(port, '/', bearer(token))
      responses.add(JSON.stringify({ status, headers: { ...headers, date: '' }, body }))
    }
    expect([...responses]).toEqual([expect.stringContaining('The access token is not valid')])
  })
})
