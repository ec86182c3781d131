import type { Environment } from './environment.ts'
import { signedWithPublicKey, unsigned } from './forgery.ts'
import { demoSignIn } from './sign-ins.ts'

/** The expected response and decision. If a member is omitted, the actual value must be absent. */
export interface Expected {
  readonly status: number
  /** `error` in the challenge. */
  readonly error?: string
  /** `scope` in the challenge. */
  readonly scope?: string
  /** The code in the decision record. Absent if access is granted. */
  readonly code?: string
}

/** A request and its expected outcome. */
export interface RequestCase {
  readonly title: string
  readonly to: 'user' | 'order' | 'inventory' | 'catalog'
  readonly request: readonly [method: 'GET' | 'DELETE', path: string]
  /** Each token is sent in an Authorization header of its own. */
  readonly tokens: readonly string[]
  /** How far the service's clock is ahead, in seconds. Default: 0. */
  readonly clockOffset?: number
  readonly expected: Expected
}

const READ_ORDER = ['GET', '/orders/4711'] as const
const DELETE_ORDER = ['DELETE', '/orders/4711'] as const
const READ_ITEM = ['GET', '/items/desk-lamp'] as const

const badToken = (code: string): Expected => ({ status: 401, error: 'invalid_token', code })

/** Except for the two forgeries, all tokens are issued by a real authorization server. */
export async function requestCases({
  server,
  untrustedServer,
  exchangeAs,
}: Environment): Promise<RequestCase[]> {
  const userToken = (await demoSignIn('webShop', server)).accessToken
  const orderToken = await exchangeAs('user', userToken, {
    audience: 'order-service',
    scope: 'orders:read',
  })
  const itemToken = await exchangeAs('order', orderToken, {
    audience: 'inventory-service',
    scope: 'read:items',
  })
  const directToken = (await demoSignIn('stockConsole', server)).accessToken
  const untrustedToken = (await demoSignIn('stockConsole', untrustedServer)).accessToken
  const { idToken } = await demoSignIn('orderService', server)
  return [
    {
      title: "the user's token, sent directly to order-service",
      to: 'order',
      request: READ_ORDER,
      tokens: [userToken],
      expected: badToken('audience_mismatch'),
    },
    {
      title: 'a token for order-service, sent to inventory-service',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [orderToken],
      expected: badToken('audience_mismatch'),
    },
    {
      title: 'an ID token whose audience is order-service',
      to: 'order',
      request: READ_ORDER,
      tokens: [idToken],
      expected: badToken('not_an_access_token'),
    },
    {
      title: 'a valid token from an untrusted issuer',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [untrustedToken],
      expected: badToken('issuer_not_trusted'),
    },
    {
      title: 'a forged token: alg none, no signature',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [unsigned(itemToken)],
      expected: badToken('token_malformed'),
    },
    {
      title: 'a forged token: HS256 with the public key as secret',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [await signedWithPublicKey(itemToken, server.issuer)],
      expected: badToken('algorithm_not_allowed'),
    },
    {
      title: 'a valid token, for comparison',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [itemToken],
      expected: { status: 200 },
    },
    {
      title: 'the same token, one hour later',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [itemToken],
      clockOffset: 3600,
      expected: badToken('token_expired'),
    },
    {
      title: 'a valid token without the required scope',
      to: 'order',
      request: DELETE_ORDER,
      tokens: [orderToken],
      expected: {
        status: 403,
        error: 'insufficient_scope',
        scope: 'orders:write',
        code: 'scope_insufficient',
      },
    },
    {
      title: 'a valid token that was not exchanged',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [directToken],
      expected: {
        status: 403,
        code: server.exchangerRole === 'actor' ? 'delegation_required' : 'client_not_allowed',
      },
    },
    {
      title: 'two Authorization headers',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [itemToken, orderToken],
      expected: { status: 400, error: 'invalid_request', code: 'credential_repeated' },
    },
    {
      title: 'no token',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [],
      expected: { status: 401, code: 'credential_missing' },
    },
    {
      title: 'no token, where authentication is optional',
      to: 'catalog',
      request: READ_ITEM,
      tokens: [],
      expected: { status: 200 },
    },
    {
      title: 'a token for user-service on the same route',
      to: 'catalog',
      request: READ_ITEM,
      tokens: [userToken],
      expected: badToken('audience_mismatch'),
    },
  ]
}
