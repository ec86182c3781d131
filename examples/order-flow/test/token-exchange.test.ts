import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../src/authorization-server/authorization-server.ts'
import { demoSignIn } from '../src/demo/sign-ins.ts'
import type { SignedIn } from '../src/user/sign-in.ts'
import { ACCESS_TOKEN, exchange, ID_TOKEN, postToken, TOKEN_EXCHANGE } from './support.ts'

let server: AuthorizationServer
let user: SignedIn

beforeAll(async () => {
  server = await startAuthorizationServer()
  user = await demoSignIn('webShop', server)
})
afterAll(() => server.close())

async function exchangedToken(): Promise<string> {
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

describe('the token exchange grant', () => {
  it('returns the response members of RFC 8693 section 2.2.1', async () => {
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

  it('keeps the subject and sets audience, client, scope and actor', async () => {
    const token = await exchangedToken()
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

  it('nests the prior actor in the second exchange', async () => {
    const { body } = await exchange(server, await exchangedToken(), TO_INVENTORY)
    const token = String(body['access_token'])
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
    expect(decodeJwt(token)).toMatchObject({
      sub: 'user-42',
      aud: 'inventory-service',
      scope: 'read:items',
      act: { sub: 'order-service', act: { sub: 'user-service' } },
    })
  })

  it('limits the lifetime of the new token to that of the subject token', async () => {
    let now = Date.now()
    const clockedServer = await startAuthorizationServer({ now: () => now })
    try {
      const { accessToken } = await demoSignIn('webShop', clockedServer)
      now = Number(decodeJwt(accessToken).exp) * 1000 - 10_000
      const { body } = await exchange(clockedServer, accessToken)
      expect(body['expires_in']).toBe(10)
    } finally {
      await clockedServer.close()
    }
  })

  it('accepts a client named in may_act, and omits may_act from the new token', async () => {
    expect(decodeJwt(user.accessToken)['may_act']).toEqual({ sub: 'user-service' })
    expect(decodeJwt(await exchangedToken())).not.toHaveProperty('may_act')
  })
})

describe('the policy of the token exchange grant', () => {
  it.each([
    ['a scope that the user did not grant', { scope: 'orders:write' }, 'invalid_scope'],
    ['a granted scope plus another one', { scope: 'orders:read orders:write' }, 'invalid_scope'],
    ['a scope that the target does not know', { scope: 'read:items' }, 'invalid_scope'],
    ['a scope with a trailing space', { scope: 'orders:read ' }, 'invalid_scope'],
    ['a missing scope', { scope: '' }, 'invalid_scope'],
    ['an unknown audience', { audience: 'billing-service' }, 'invalid_target'],
    [
      'an audience that this client may not call',
      { audience: 'inventory-service' },
      'invalid_target',
    ],
    ['the client itself as audience', { audience: 'user-service' }, 'invalid_target'],
    ['a missing audience', { audience: '' }, 'invalid_target'],
    ['a resource parameter', { resource: 'https://inventory-service.example' }, 'invalid_target'],
    ['a missing subject token', { subject_token: '' }, 'invalid_request'],
    ['a missing subject token type', { subject_token_type: '' }, 'invalid_request'],
    ['an unsupported subject token type', { subject_token_type: ID_TOKEN }, 'invalid_request'],
    ['an unsupported requested token type', { requested_token_type: ID_TOKEN }, 'invalid_request'],
    ['an actor token', { actor_token: 'x', actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
    ['a subject token that is not a JWT', { subject_token: 'x' }, 'invalid_request'],
  ])('refuses %s', async (_what, changes, error) => {
    expect(await exchange(server, user.accessToken, changes)).toMatchObject(refusedAs(error))
  })

  it('refuses two audiences in one request', async () => {
    const response = await postToken(server, 'user-service', [
      ['grant_type', TOKEN_EXCHANGE],
      ['subject_token', user.accessToken],
      ['subject_token_type', ACCESS_TOKEN],
      ['audience', 'order-service'],
      ['audience', 'inventory-service'],
      ['scope', 'orders:read'],
    ])
    expect(response).toMatchObject(refusedAs('invalid_request'))
  })

  it('does not let a second exchange restore a scope that the first one dropped', async () => {
    const scope = 'openid orders:read orders:write'
    const broad = await demoSignIn('webShop', server, { scope })
    expect(decodeJwt(broad.accessToken)['scope']).toBe('orders:read orders:write')
    const { body } = await exchange(server, broad.accessToken, { scope: 'orders:read' })
    const narrow = String(body['access_token'])
    const widened = await exchange(server, narrow, { ...TO_INVENTORY, scope: 'write:items' })
    expect(widened).toMatchObject(refusedAs('invalid_scope'))
  })

  it('refuses a client that is not the audience of the subject token', async () => {
    expect(await exchange(server, user.accessToken, TO_INVENTORY)).toMatchObject(
      refusedAs('invalid_request', 'the subject token was not issued for this client'),
    )
  })

  it('refuses a client that may_act does not name', async () => {
    const other = await demoSignIn('webShopAsUser7', server)
    expect(decodeJwt(other.accessToken)['may_act']).toEqual({ sub: 'support-desk' })
    expect(await exchange(server, other.accessToken)).toMatchObject(
      refusedAs('invalid_request', 'may_act in the subject token names another client'),
    )
  })

  it('refuses an ID token for the same service, sent as an access token', async () => {
    const { idToken } = await demoSignIn('orderService', server)
    expect(decodeJwt(idToken).aud).toBe('order-service')
    expect(await exchange(server, idToken, TO_INVENTORY)).toMatchObject(
      refusedAs('invalid_request', 'the subject token is not an access token from this server'),
    )
  })

  it('refuses a valid token from another server', async () => {
    const other = await startAuthorizationServer()
    try {
      const untrusted = await demoSignIn('webShop', other)
      expect(await exchange(server, untrusted.accessToken)).toMatchObject(
        refusedAs('invalid_request', 'the subject token is not an access token from this server'),
      )
    } finally {
      await other.close()
    }
  })

  it('refuses an expired token', async () => {
    let now = Date.now()
    const clockedServer = await startAuthorizationServer({ now: () => now })
    try {
      const { accessToken } = await demoSignIn('webShop', clockedServer)
      expect((await exchange(clockedServer, accessToken)).status).toBe(200)
      now = Number(decodeJwt(accessToken).exp) * 1000
      expect(await exchange(clockedServer, accessToken)).toMatchObject(
        refusedAs('invalid_request', 'the subject token has expired'),
      )
    } finally {
      await clockedServer.close()
    }
  })

  it('refuses a client with a wrong secret', async () => {
    const impostor = { ...server, clientSecrets: new Map([['user-service', 'guessed']]) }
    expect(await exchange(impostor, user.accessToken)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
  })

  it('refuses a client without the token exchange grant', async () => {
    expect(await exchange(server, user.accessToken, { client: 'web-shop' })).toMatchObject(
      refusedAs('invalid_request', 'requested grant type is not allowed for this client'),
    )
  })
})
