import { signedWithPublicKey, unsigned } from './forgery.ts'
import { signInAt } from './people.ts'
import type { Scene } from './scene.ts'

/** What the caller must see, and what the operator. What is not given must be absent. */
export interface Expected {
  readonly status: number
  /** `error` and `scope` of the challenge. */
  readonly error?: string
  readonly scope?: string
  /** Code of the decision; none where access is granted. */
  readonly code?: string
}

/** A request, and what must become of it. */
export interface Attempt {
  readonly title: string
  readonly to: 'user' | 'order' | 'inventory' | 'catalog'
  readonly request: readonly [method: 'GET' | 'DELETE', path: string]
  /** One Authorization header for each. */
  readonly tokens: readonly string[]
  /** Seconds by which the service's clock is ahead. */
  readonly later?: number
  readonly expected: Expected
}

const READ_ORDER = ['GET', '/orders/4711'] as const
const DELETE_ORDER = ['DELETE', '/orders/4711'] as const
const READ_ITEM = ['GET', '/items/desk-lamp'] as const

const badToken = (code: string): Expected => ({ status: 401, error: 'invalid_token', code })

/** All really issued, but for the two forgeries. */
export async function attempts({ server, stranger, exchangeAs }: Scene): Promise<Attempt[]> {
  const user = (await signInAt('shop', server)).accessToken
  const order = await exchangeAs.user(user, { audience: 'order-service', scope: 'orders:read' })
  const item = await exchangeAs.order(order, { audience: 'inventory-service', scope: 'read:items' })
  const direct = (await signInAt('stockConsole', server)).accessToken
  const foreign = (await signInAt('stockConsole', stranger)).accessToken
  const { idToken } = await signInAt('orderPages', server)
  return [
    {
      title: "the user's token straight to order-service",
      to: 'order',
      request: READ_ORDER,
      tokens: [user],
      expected: badToken('audience_mismatch'),
    },
    {
      title: "order-service's token at inventory-service",
      to: 'inventory',
      request: READ_ITEM,
      tokens: [order],
      expected: badToken('audience_mismatch'),
    },
    {
      title: 'an ID token whose audience is the service',
      to: 'order',
      request: READ_ORDER,
      tokens: [idToken],
      expected: badToken('not_an_access_token'),
    },
    {
      title: 'a token of another, well-formed issuer',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [foreign],
      expected: badToken('issuer_not_trusted'),
    },
    {
      title: 'forged: alg none, no signature',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [unsigned(item)],
      expected: badToken('token_malformed'),
    },
    {
      title: 'forged: HS256, the public key as secret',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [await signedWithPublicKey(item, server.issuer)],
      expected: badToken('algorithm_not_allowed'),
    },
    {
      title: 'a good token, for comparison',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [item],
      expected: { status: 200 },
    },
    {
      title: 'the same token, an hour later',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [item],
      later: 3600,
      expected: badToken('token_expired'),
    },
    {
      title: 'a good token without the scope needed',
      to: 'order',
      request: DELETE_ORDER,
      tokens: [order],
      expected: {
        status: 403,
        error: 'insufficient_scope',
        scope: 'orders:write',
        code: 'scope_insufficient',
      },
    },
    {
      title: 'not exchanged, where delegation is required',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [direct],
      expected: {
        status: 403,
        code: server.exchangeShows === 'actor' ? 'delegation_required' : 'client_not_allowed',
      },
    },
    {
      title: 'two Authorization headers',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [item, order],
      expected: { status: 400, error: 'invalid_request', code: 'credential_repeated' },
    },
    {
      title: 'no token at all',
      to: 'inventory',
      request: READ_ITEM,
      tokens: [],
      expected: { status: 401, code: 'credential_missing' },
    },
    {
      title: 'no token, where everybody may look',
      to: 'catalog',
      request: READ_ITEM,
      tokens: [],
      expected: { status: 200 },
    },
    {
      title: "another service's token, even there",
      to: 'catalog',
      request: READ_ITEM,
      tokens: [user],
      expected: badToken('audience_mismatch'),
    },
  ]
}
