import { createVerifier } from '@resource-server/core'
import { expect, onTestFinished, test } from 'vitest'
import { createSigningKey, type TestIssuer } from '../../src/index.ts'
import { decode, startIssuer } from '../support.ts'
import { sign } from '../../src/tokens/sign.ts'

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const clients = {
  orders: { secret: 'p%:+é', targets: { stock: ['stock:read'], bills: [] } },
  gateway: { unauthenticated: true, targets: { stock: ['stock:read'] } },
  idle: { secret: 'other' },
}

const basic = (client: string, secret: string): string => {
  const encode = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2)
  return `Basic ${Buffer.from(`${encode(client)}:${encode(secret)}`).toString('base64')}`
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly nonce: string | null
}

async function post(
  issuer: TestIssuer,
  form: Record<string, string> | readonly (readonly [string, string])[],
  headers: Record<string, string> = { authorization: basic('orders', 'p%:+é') },
): Promise<Answer> {
  const body = new URLSearchParams(form as Record<string, string>)
  const response = await fetch(issuer.tokenEndpoint.url, { method: 'POST', body, headers })
  return {
    status: response.status,
    body: (await response.json()) as Answer['body'],
    nonce: response.headers.get('dpop-nonce'),
  }
}

const form = (
  issuer: TestIssuer,
  changes: Record<string, string> = {},
): Record<string, string> => ({
  grant_type: exchange,
  subject_token: issuer.token({ aud: 'orders', sub: 'user-42', actors: ['web'] }),
  subject_token_type: accessToken,
  audience: 'stock',
  ...changes,
})

test('exchanges a token, with the client as the current actor and the actors before it', async () => {
  const issuer = await startIssuer({ clients })
  const { status, body } = await post(issuer, form(issuer))
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      access_token: expect.any(String),
      issued_token_type: accessToken,
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'stock:read',
    },
  })
  const { url, clock } = issuer
  const verifier = createVerifier({ issuer: url, audience: 'stock', clock })
  onTestFinished(() => verifier.close())
  expect(await verifier.verify(String(body['access_token']))).toMatchObject({
    subject: 'user-42',
    clientId: 'orders',
    scopes: ['stock:read'],
    actor: { subject: 'orders' },
    priorActors: [{ subject: 'web' }],
  })
})

test('issues a token to a client, which can be the actor token of an exchange', async () => {
  const issuer = await startIssuer({ clients })
  const { body } = await post(
    issuer,
    { grant_type: 'client_credentials' },
    { authorization: basic('idle', 'other') },
  )
  const actor = { actor_token: String(body['access_token']), actor_token_type: accessToken }
  const exchanged = await post(issuer, form(issuer, actor))
  const { payload } = decode(String(exchanged.body['access_token']))
  expect(payload['act']).toEqual({ sub: 'idle', act: { sub: 'web' } })
})

test('issues a token that expires no later than the subject token', async () => {
  const issuer = await startIssuer({ clients })
  const subject_token = issuer.token({ aud: 'orders', expiresIn: 20 })
  expect(await post(issuer, form(issuer, { subject_token }))).toMatchObject({
    body: { expires_in: 20 },
  })
})

test('exchanges on behalf of the user by RFC 7523, as Entra does', async () => {
  const issuer = await startIssuer({
    clients: { orders: { secret: 'p%:+é', targets: { 'api://stock': ['read'] } } },
  })
  const onBehalfOf = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: issuer.token({ aud: 'orders' }),
    requested_token_use: 'on_behalf_of',
  }
  for (const scope of ['api://stock/.default', 'api://stock/read']) {
    const { body } = await post(issuer, { ...onBehalfOf, scope })
    expect(body).not.toHaveProperty('issued_token_type')
    expect(decode(String(body['access_token'])).payload).toMatchObject({
      aud: 'api://stock',
      scope: 'read',
    })
  }
})

test.each<[string, string, (issuer: TestIssuer) => Record<string, string>]>([
  ['a target that the client may not request', 'invalid_target', () => ({ audience: 'users' })],
  ['no target', 'invalid_target', () => ({ audience: '' })],
  ['a scope that the client may not request', 'invalid_scope', () => ({ scope: 'stock:write' })],
  ['another grant', 'unsupported_grant_type', () => ({ grant_type: 'password' })],
  ['another kind of subject token', 'invalid_request', () => ({ subject_token_type: 'x' })],
  ['another kind of new token', 'invalid_request', () => ({ requested_token_type: 'x' })],
  [
    'a subject token for another service',
    'invalid_request',
    (issuer) => ({ subject_token: issuer.token({ aud: 'stock' }) }),
  ],
  [
    'a subject token with another signature',
    'invalid_request',
    (issuer) => ({ subject_token: issuer.forge.unknownKey({ aud: 'orders' }) }),
  ],
  [
    'an unsigned subject token',
    'invalid_request',
    (issuer) => ({ subject_token: issuer.forge.unsigned({ aud: 'orders' }) }),
  ],
  ['a subject token that is not a token', 'invalid_request', () => ({ subject_token: 'x' })],
  [
    'a bound subject token',
    'invalid_request',
    (issuer) => ({ subject_token: issuer.dpopClient().token({ aud: 'orders' }) }),
  ],
  [
    'an expired subject token',
    'invalid_grant',
    (issuer) => ({ subject_token: issuer.token({ aud: 'orders', expiresIn: 0 }) }),
  ],
])('refuses %s with %s', async (_what, error, change) => {
  const issuer = await startIssuer({ clients })
  expect(await post(issuer, form(issuer, change(issuer)))).toMatchObject({
    status: 400,
    body: { error },
  })
})

test.each<[string, number, Record<string, string>, Record<string, string>]>([
  ['a wrong secret', 401, {}, { authorization: basic('orders', 'wrong') }],
  ['an unknown client', 401, {}, { authorization: basic('toString', 'x') }],
  ['no authentication', 401, { client_id: 'orders' }, {}],
  ['a secret in the form', 200, { client_id: 'orders', client_secret: 'p%:+é' }, {}],
  ['a wrong secret in the form', 401, { client_id: 'orders', client_secret: 'x' }, {}],
])('responds to %s with status %i', async (_what, status, members, headers) => {
  const issuer = await startIssuer({ clients })
  const answer = await post(issuer, form(issuer, members), headers)
  expect(answer.status).toBe(status)
  if (status === 401) expect(answer.body).toMatchObject({ error: 'invalid_client' })
})

test('accepts each assertion of a client with a key once, if it is for this issuer', async () => {
  const key = createSigningKey('ES256', 'k')
  const targets = { stock: [] }
  const issuer = await startIssuer({ clients: { orders: { publicKey: key.publicJwk, targets } } })
  const now = Math.floor(issuer.clock.now() / 1000)
  const claims = { iss: 'orders', sub: 'orders', aud: issuer.url, exp: now + 60, jti: '1' }
  const send = async (assertion: string): Promise<number> => {
    const members = { client_id: 'orders', client_assertion: assertion }
    return (await post(issuer, form(issuer, members), {})).status
  }
  const assertion = sign({}, claims, key)
  expect([await send(assertion), await send(assertion)]).toEqual([200, 401])
  for (const wrong of [
    { ...claims, jti: '2', aud: 'https://other.example' },
    { ...claims, jti: '3', exp: now + 600 },
    { ...claims, jti: '4', exp: now },
    { ...claims, jti: '5', iss: 'idle' },
  ]) {
    expect(await send(sign({}, wrong, key))).toBe(401)
  }
  const otherKey = createSigningKey('ES256', 'k')
  expect(await send(sign({}, { ...claims, jti: '6' }, otherKey))).toBe(401)
})

test('binds the token to the key of a DPoP proof, and requires a nonce if told so', async () => {
  const issuer = await startIssuer({ clients })
  const client = issuer.dpopClient()
  const { url } = issuer.tokenEndpoint
  const authorization = basic('orders', 'p%:+é')
  const send = (proof: object) =>
    post(issuer, form(issuer), {
      authorization,
      dpop: client.proof({ token: 'none', method: 'POST', url, ...proof }),
    })
  const { body } = await send({})
  expect(body).toMatchObject({ token_type: 'DPoP' })
  const { payload } = decode(String(body['access_token']))
  expect(payload).toMatchObject({ cnf: { jkt: client.jkt } })

  expect(await send({ url: 'http://127.0.0.1/other' })).toMatchObject({
    body: { error: 'invalid_dpop_proof' },
  })
  issuer.tokenEndpoint.requireNonce('n-1')
  expect(await send({})).toMatchObject({ body: { error: 'use_dpop_nonce' }, nonce: 'n-1' })
  expect(await send({ nonce: 'n-1' })).toMatchObject({ status: 200 })
})

test('has switches for refusals, members, and whole responses', async () => {
  const issuer = await startIssuer({ clients })
  const { tokenEndpoint } = issuer
  tokenEndpoint.refuse('invalid_target', { description: 'not enabled', members: { hint: 1 } })
  expect(await post(issuer, form(issuer))).toMatchObject({
    status: 400,
    body: { error: 'invalid_target', error_description: 'not enabled', hint: 1 },
  })
  tokenEndpoint.reset()
  tokenEndpoint.alter({ scope: 'all', issued_token_type: undefined })
  const { body } = await post(issuer, form(issuer))
  expect(body).toMatchObject({ scope: 'all' })
  expect(body).not.toHaveProperty('issued_token_type')
  tokenEndpoint.reply({ status: 418, body: '{"short":"stout"}' })
  expect(await post(issuer, form(issuer))).toMatchObject({ status: 418, body: { short: 'stout' } })
  tokenEndpoint.reset()
  const revoked = form(issuer)
  tokenEndpoint.revoke(revoked['subject_token'] ?? '')
  expect(await post(issuer, revoked)).toMatchObject({ body: { error: 'invalid_grant' } })
})

test('records each request, and is part of an outage and of a delay', async () => {
  const issuer = await startIssuer({ clients })
  await post(issuer, [
    ['grant_type', exchange],
    ['audience', 'a'],
    ['audience', 'b'],
  ])
  expect(issuer.tokenEndpoint.requests).toMatchObject([
    {
      client: 'orders',
      authentication: 'basic',
      form: [
        ['grant_type', exchange],
        ['audience', 'a'],
        ['audience', 'b'],
      ],
    },
  ])
  issuer.stop()
  await expect(post(issuer, form(issuer))).rejects.toThrow('fetch failed')
  issuer.resume()
  issuer.delay(3)
  const late = post(issuer, form(issuer))
  const early = await Promise.race([late, new Promise((resolve) => setImmediate(resolve, 'open'))])
  expect(early).toBe('open')
  const advance = setInterval(() => issuer.clock.advance(3), 5)
  onTestFinished(() => clearInterval(advance))
  expect(await late).toMatchObject({ status: 200 })
})

test('does not exist without clients', async () => {
  const issuer = await startIssuer()
  expect(await post(issuer, form(issuer))).toMatchObject({ status: 404 })
})

test.each<[string, unknown]>([
  ['a list', ['orders']],
  ['an unknown member', { orders: { password: 'x' } }],
  ['scopes that are not a list', { orders: { targets: { stock: 'read' } } }],
])('refuses %s as clients', async (_what, given) => {
  await expect(startIssuer({ clients: given as never })).rejects.toThrow(TypeError)
})
