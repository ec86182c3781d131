import { describe, expect, test } from 'vitest'
import { type ExpressGuard, type ResourceServer, resourceServer } from '../src/index.ts'
import { ask, bearer, handler, hosts, serve, startIssuer, through } from './support.ts'

const issuer = await startIssuer()
const aud = 'order-service'
const { url, clock } = issuer
const plain = issuer.token({ aud, scope: 'orders:read' })
const delegated = issuer.token({ aud, actors: ['user-service'] })
const withClaims = (claims: object) => issuer.token({ aud, claims: { ...claims } })

const api = () => resourceServer({ issuer: url, clock, audience: aud, realm: 'orders "v1"' })
type Api = ResourceServer<object, unknown>

/** What a caller gets: `error` and `detail` stand in the challenge and in the body. */
interface Reply {
  readonly status: number
  readonly title: string
  readonly error?: string
  readonly detail: string
  readonly also?: string
}

const bare = { status: 401, title: 'Unauthorized', detail: 'An access token is required' }
const invalid = { status: 401, title: 'Unauthorized', error: 'invalid_token' }
const malformed = { status: 400, title: 'Bad Request', error: 'invalid_request' }
const forbidden = { status: 403, title: 'Forbidden' }
const no = (detail: string) => ({ ...forbidden, detail })
const scope = (names: string) => ({
  ...{ ...no('The access token lacks a required scope'), error: 'insufficient_scope' },
  also: `scope="${names}"`,
})
const stepUp = (also: string) => ({
  ...{ status: 401, title: 'Unauthorized', error: 'insufficient_user_authentication' },
  ...{ detail: 'More recent or stronger authentication is required', also },
})

type Credential = readonly [what: string, authorization: string, reply: Reply]
const credentials: readonly Credential[] = [
  ['Basic', 'Basic dXNlcjpwYXNz', bare],
  ['DPoP', `DPoP ${plain}`, bare],
  ['no token68', 'Bearer a b', { ...malformed, detail: 'The Authorization header is malformed' }],
  ['garbage', 'Bearer garbage', { ...invalid, detail: 'The access token is not valid' }],
]

type Refused = readonly [what: string, token: string, detail: string]
const tokens: readonly Refused[] = [
  ['an expired one', issuer.forge.expired({ aud }), 'The access token expired'],
  ['an early one', issuer.token({ aud, notBefore: 9 }), 'The access token is not valid yet'],
  ['an ID token', issuer.idToken({ aud }), 'The token is not an access token'],
  ["another's", issuer.token({ aud: 'x' }), 'The access token is meant for another audience'],
  ['a key-bound one', withClaims({ cnf: { jkt: 'x' } }), 'The access token is bound to a key'],
  ['a bad actor', withClaims({ act: 'x' }), 'The actor of the access token is malformed'],
  ['no subject', withClaims({ sub: undefined }), 'The access token lacks a required claim'],
  ['a bad claim', withClaims({ nbf: '1' }), 'A claim of the access token is malformed'],
]

type Guarded = readonly [what: string, token: string, guard: (a: Api) => ExpressGuard, reply: Reply]
const notExchanged = 'The client is not allowed here'
const guards: readonly Guarded[] = [
  ['all scopes', plain, (a) => a.requireScope('orders:read', 'b'), scope('orders:read b')],
  ['any scope', plain, (a) => a.requireAnyScope('stock:read', 'b'), scope('stock:read b')],
  ['acr', plain, (a) => a.requireStepUp({ acr: ['mfa', 'hwk'] }), stepUp('acr_values="mfa hwk"')],
  ['max age', plain, (a) => a.requireStepUp({ maxAge: 300 }), stepUp('max_age="300"')],
  ['actor', delegated, (a) => a.requireActor('x'), no('The actor is not allowed here')],
  ['delegated', plain, (a) => a.requireDelegated(), no('Only delegated access is allowed here')],
  ['direct', delegated, (a) => a.requireDirect(), no('Delegated access is not allowed here')],
  ['exchange', plain, (a) => a.requireClient('x'), no(notExchanged)],
  ['claim', plain, (a) => a.requireClaim('tenant'), no('Access is not allowed')],
  ['policy', plain, (a) => a.requirePolicy(() => false), no('Access is not allowed')],
]

describe.each(hosts)('on $host the whole reply', ({ express }) => {
  async function expectReply(guard: ExpressGuard, headers: Record<string, string>, reply: Reply) {
    const { status, title, error, detail, also } = reply
    const answer = await through(express, [guard], headers)
    expect(answer).toMatchObject({ status, handled: 0 })
    const told = error && `error="${error}", error_description="${detail}"`
    const challenge = [String.raw`Bearer realm="orders \"v1\""`, told, also]
    expect(answer.headers).toMatchObject({
      'www-authenticate': challenge.filter((part) => part !== undefined).join(', '),
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    })
    expect(answer.headers).not.toHaveProperty('retry-after')
    const body: unknown = JSON.parse(answer.body)
    expect(body).toEqual({ type: 'about:blank', title, status, detail, ...(error && { error }) })
  }

  test('to no credential', () => expectReply(api().requireAuthentication(), {}, bare))

  test.each(credentials)('to the credential: %s', (_what, authorization, reply) =>
    expectReply(api().requireAuthentication(), { authorization }, reply),
  )

  test.each(tokens)('to the token: %s', (_what, token, detail) =>
    expectReply(api().requireAuthentication(), bearer(token), { ...invalid, detail }),
  )

  test.each(guards)('of the guard: %s', (_what, token, guard, reply) =>
    expectReply(guard(api()), bearer(token), reply),
  )

  test("to a good token is the handler's, without a trace of the guard", async () => {
    const answer = await through(express, [api().requireScope('orders:read')], bearer(plain))
    expect(answer).toMatchObject({ status: 200, body: 'in', handled: 1 })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
    expect(answer.headers).not.toHaveProperty('cache-control')
  })

  test('is the same for all that is wrong before the signature holds', async () => {
    const { unsigned, hmacWithPublicKey, unknownKey, wrongIssuer, tampered } = issuer.forge
    const forged = [unsigned, hmacWithPublicKey, unknownKey, wrongIssuer, tampered]
    const bad = ['garbage', 'a.b.c', 'x'.repeat(8193), ...forged.map((forge) => forge({ aud }))]
    const port = await serve(express().get('/', api().requireAuthentication(), handler()))
    const answers = new Set<string>()
    for (const token of bad) {
      const { status, headers, body } = await ask(port, '/', bearer(token))
      answers.add(JSON.stringify({ status, headers: { ...headers, date: '' }, body }))
    }
    expect([...answers]).toEqual([expect.stringContaining('The access token is not valid')])
  })
})
