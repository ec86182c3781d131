import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../src/authorization-server/authorization-server.ts'
import { signInAt } from '../src/demo/people.ts'
import { tokenExchange } from '../src/services/exchange.ts'
import type { SignedIn } from '../src/user/sign-in.ts'
import { ACCESS_TOKEN, exchange, ID_TOKEN, postToken, TOKEN_EXCHANGE } from './support.ts'

let server: AuthorizationServer
let user: SignedIn

beforeAll(async () => {
  server = await startAuthorizationServer()
  user = await signInAt('shop', server)
})
afterAll(() => server.close())

async function exchangedOnce(): Promise<string> {
  const { body } = await exchange(server, user.accessToken)
  return String(body['access_token'])
}

const TO_INVENTORY = {
  client: 'order-service',
  audience: 'inventory-service',
  scope: 'read:items',
} as const

const refusedAs = (error: string, description?: string): object => ({
  status: 400,
  body: { error, ...(description && { error_description: description }) },
})

describe('an exchange within the rules', () => {
  it('answers as RFC 8693 section 2.2.1 says', async () => {
    expect(await exchange(server, user.accessToken)).toEqual({
      status: 200,
      body: {
        access_token: expect.any(String),
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: expect.any(Number),
        scope: 'orders:read',
      },
    })
  })

  it('keeps the user, and changes audience, client, scope and actor', async () => {
    const token = await exchangedOnce()
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(decodeJwt(token)).toMatchObject({
      iss: server.issuer,
      sub: 'user-42',
      aud: 'order-service',
      client_id: 'user-service',
      scope: 'orders:read',
      act: { sub: 'user-service' },
    })
  })

  it('nests the prior actor in the second hop', async () => {
    const { body } = await exchange(server, await exchangedOnce(), TO_INVENTORY)
    const token = String(body['access_token'])
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
    expect(decodeJwt(token)).toMatchObject({
      sub: 'user-42',
      aud: 'inventory-service',
      scope: 'read:items',
      act: { sub: 'order-service', act: { sub: 'user-service' } },
    })
  })

  it('does not let the new token outlive the old one', async () => {
    let now = Date.now()
    const aging = await startAuthorizationServer({ now: () => now })
    try {
      const { accessToken } = await signInAt('shop', aging)
      now = Number(decodeJwt(accessToken).exp) * 1000 - 10_000
      const { body } = await exchange(aging, accessToken)
      expect(body['expires_in']).toBe(10)
    } finally {
      await aging.close()
    }
  })

  it('honors may_act, and does not hand it on', async () => {
    expect(decodeJwt(user.accessToken)['may_act']).toEqual({ sub: 'user-service' })
    expect(decodeJwt(await exchangedOnce())).not.toHaveProperty('may_act')
  })

  it('works through the function that the services use', async () => {
    const exchangeToken = await tokenExchange({
      issuer: server.issuer,
      clientId: 'user-service',
      clientSecret: server.clientSecrets.get('user-service'),
    })
    const request = { audience: 'order-service', scope: 'orders:read' }
    const token = await exchangeToken(user.accessToken, request)
    expect(decodeJwt(token).aud).toBe('order-service')
    const wider = exchangeToken(user.accessToken, { ...request, scope: 'orders:write' })
    await expect(wider).rejects.toThrow('the token exchange failed: invalid_scope')
  })
})

describe('an exchange outside the rules', () => {
  it.each([
    ['a scope the user did not grant', { scope: 'orders:write' }, 'invalid_scope'],
    ['a granted scope and one more', { scope: 'orders:read orders:write' }, 'invalid_scope'],
    ['a scope unknown at the target', { scope: 'read:items' }, 'invalid_scope'],
    ['a scope that is none', { scope: 'orders:read ' }, 'invalid_scope'],
    ['no scope', { scope: '' }, 'invalid_scope'],
    ['an unknown audience', { audience: 'billing-service' }, 'invalid_target'],
    ['an audience two hops away', { audience: 'inventory-service' }, 'invalid_target'],
    ['its own audience', { audience: 'user-service' }, 'invalid_target'],
    ['no audience', { audience: '' }, 'invalid_target'],
    ['a resource', { resource: 'https://inventory-service.example' }, 'invalid_target'],
    ['no subject token', { subject_token: '' }, 'invalid_request'],
    ['no subject token type', { subject_token_type: '' }, 'invalid_request'],
    ['another subject token type', { subject_token_type: ID_TOKEN }, 'invalid_request'],
    ['another requested type', { requested_token_type: ID_TOKEN }, 'invalid_request'],
    ['an actor token', { actor_token: 'x', actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
    ['a subject token that is none', { subject_token: 'x' }, 'invalid_request'],
  ])('%s', async (_what, changes, error) => {
    expect(await exchange(server, user.accessToken, changes)).toMatchObject(refusedAs(error))
  })

  it('two audiences in one request: no token is for two', async () => {
    const answer = await postToken(server, 'user-service', [
      ['grant_type', TOKEN_EXCHANGE],
      ['subject_token', user.accessToken],
      ['subject_token_type', ACCESS_TOKEN],
      ['audience', 'order-service'],
      ['audience', 'inventory-service'],
      ['scope', 'orders:read'],
    ])
    expect(answer).toMatchObject(refusedAs('invalid_request'))
  })

  it('a scope that the first hop dropped does not come back in the second', async () => {
    const scope = 'openid orders:read orders:write'
    const broad = await signInAt('shop', server, { scope })
    expect(decodeJwt(broad.accessToken)['scope']).toBe('orders:read orders:write')
    const { body } = await exchange(server, broad.accessToken, { scope: 'orders:read' })
    const narrow = String(body['access_token'])
    const widened = await exchange(server, narrow, { ...TO_INVENTORY, scope: 'write:items' })
    expect(widened).toMatchObject(refusedAs('invalid_scope'))
  })

  it('a client that the subject token is not meant for', async () => {
    expect(await exchange(server, user.accessToken, TO_INVENTORY)).toMatchObject(
      refusedAs('invalid_request', 'the subject token is not meant for this client'),
    )
  })

  it('a user whose may_act names another party', async () => {
    const other = await signInAt('shopAsOther', server)
    expect(decodeJwt(other.accessToken)['may_act']).toEqual({ sub: 'support-desk' })
    expect(await exchange(server, other.accessToken)).toMatchObject(
      refusedAs('invalid_request', 'may_act in the subject token names another party'),
    )
  })

  it('an ID token for the same service, passed off as an access token', async () => {
    const { idToken } = await signInAt('orderPages', server)
    expect(decodeJwt(idToken).aud).toBe('order-service')
    expect(await exchange(server, idToken, TO_INVENTORY)).toMatchObject(
      refusedAs('invalid_request', 'the subject token is not an access token of this server'),
    )
  })

  it('a token of another, equally well-formed server', async () => {
    const other = await startAuthorizationServer()
    try {
      const foreign = await signInAt('shop', other)
      expect(await exchange(server, foreign.accessToken)).toMatchObject(
        refusedAs('invalid_request', 'the subject token is not an access token of this server'),
      )
    } finally {
      await other.close()
    }
  })

  it('a token that has expired', async () => {
    let now = Date.now()
    const aging = await startAuthorizationServer({ now: () => now })
    try {
      const { accessToken } = await signInAt('shop', aging)
      expect((await exchange(aging, accessToken)).status).toBe(200)
      now = Number(decodeJwt(accessToken).exp) * 1000
      expect(await exchange(aging, accessToken)).toMatchObject(
        refusedAs('invalid_request', 'the subject token has expired'),
      )
    } finally {
      await aging.close()
    }
  })

  it('a client with a wrong secret', async () => {
    const impostor = { ...server, clientSecrets: new Map([['user-service', 'guessed']]) }
    expect(await exchange(impostor, user.accessToken)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
  })

  it('a client that was not given the grant', async () => {
    expect(await exchange(server, user.accessToken, { client: 'web-shop' })).toMatchObject(
      refusedAs('invalid_request', 'requested grant type is not allowed for this client'),
    )
  })
})
