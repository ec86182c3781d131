import type { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { listen, loadRecipe, send } from './recipe.ts'

const issuer = await createTestIssuer()
afterAll(() => issuer.close())

interface Recipe {
  readonly yogaServer: Server
  readonly apolloServer: Server
  readonly canceled: readonly string[]
  readonly subscribers: readonly string[]
  readonly cancellations: EventEmitter
}

const recipe = await loadRecipe<Recipe>('graphql', issuer.url)
const { yogaServer, apolloServer, canceled, subscribers, cancellations } = recipe

const tokenWith = (scope: string): string =>
  issuer.token({ aud: 'order-service', scope, sub: 'user-1' })

interface Answer {
  readonly status: number
  readonly data?: unknown
  readonly errors: readonly (readonly [path: unknown, code: unknown, scopes: unknown])[]
}

describe.each([
  ['GraphQL Yoga', yogaServer],
  ['Apollo Server', apolloServer],
])('%s', (_name, server) => {
  const starting = listen.bind(undefined, server)

  async function ask(url: string, query: string, scope: string): Promise<Answer> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${tokenWith(scope)}` },
      body: JSON.stringify({ query }),
    })
    const { data, errors = [] } = (await response.json()) as {
      readonly data?: unknown
      readonly errors?: readonly {
        readonly path: unknown
        readonly extensions: { readonly code: unknown; readonly requiredScopes: unknown }
      }[]
    }
    return {
      status: response.status,
      data,
      errors: errors.map(({ path, extensions: { code, requiredScopes } }) => [
        path,
        code,
        requiredScopes,
      ]),
    }
  }

  test('a request without a token gets the challenge of the guard', async () => {
    const url = await starting()
    const refused = await send(`${url}/graphql?query={orders{id}}`)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="api"')
  })

  test.each(['orders:read', 'admin audit', 'other audit admin'])(
    'a token with "%s" has one of the alternatives of a field',
    async (scope) => {
      const answer = await ask(await starting(), '{ orders { id owner } }', scope)
      expect(answer).toEqual({
        status: 200,
        data: { orders: [{ id: '1', owner: 'user-1' }] },
        errors: [],
      })
    },
  )

  test.each(['', 'admin', 'audit', 'orders:write', 'orders:read:all'])(
    'a token with "%s" has none of them',
    async (scope) => {
      const { data, errors } = await ask(await starting(), '{ all: orders { id } }', scope)
      expect(data ?? null).toBeNull()
      expect(errors).toEqual([[['all'], 'FORBIDDEN', [[['orders:read'], ['admin', 'audit']]]]])
    },
  )

  test('the scopes of a type apply to its fields, and other fields are answered', async () => {
    const query = '{ orders { id customer { email } } }'
    const partial = await ask(await starting(), query, 'orders:read')
    expect(partial.data).toEqual({ orders: [{ id: '1', customer: null }] })
    expect(partial.errors).toEqual([
      [['orders', 0, 'customer', 'email'], 'FORBIDDEN', [[['customers:read']]]],
    ])
  })

  test('the scopes of a field apply in addition to those of its type', async () => {
    const url = await starting()
    const query = '{ orders { customer { notes } } }'
    for (const scope of ['customers:read', 'customers:notes']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await ask(url, query, `orders:read ${scope}`)).errors).toEqual([
        [
          ['orders', 0, 'customer', 'notes'],
          'FORBIDDEN',
          [[['customers:read']], [['customers:notes']]],
        ],
      ])
    }
    expect((await ask(url, query, 'orders:read customers:read customers:notes')).errors).toEqual([])
  })

  test('the scopes of an interface apply to the fields that implement it', async () => {
    const url = await starting()
    const query = '{ orders { ...on Payable { total } } }'
    expect((await ask(url, query, 'orders:read')).errors).toEqual([
      [['orders', 0, 'total'], 'FORBIDDEN', [[['prices:read']]]],
    ])
    const { data } = await ask(url, query, 'orders:read prices:read')
    expect(data).toEqual({ orders: [{ total: 100 }] })
  })

  test('a mutation without its scopes does not run', async () => {
    const url = await starting()
    const before = canceled.length
    const mutation = 'mutation { cancelOrder(id: "7") { id } }'
    expect((await ask(url, mutation, 'orders:read')).errors).toEqual([
      [['cancelOrder'], 'FORBIDDEN', [[['orders:write']]]],
    ])
    expect(canceled).toHaveLength(before)
    expect((await ask(url, mutation, 'orders:write')).errors).toEqual([])
    expect(canceled).toHaveLength(before + 1)
  })
})

const subscribe = async (token: string): Promise<Response> => {
  const url = await listen(yogaServer)
  const query = encodeURIComponent('subscription { orderCanceled }')
  return send(`${url}/graphql?query=${query}`, token, { Accept: 'text/event-stream' })
}

test('a subscription without its scopes does not start', async () => {
  expect(await (await subscribe(tokenWith('other'))).text()).toContain('FORBIDDEN')
  expect(subscribers).toEqual([])
})

test('a subscription gets events until its token expires', async () => {
  // The recipe uses the system clock. The tolerance is five seconds.
  const exp = Math.floor(Date.now() / 1000) - 3
  const claims = { iat: exp - 60, exp }
  const options = { aud: 'order-service', scope: 'orders:read', sub: 'user-1', claims }
  const response = await subscribe(issuer.token(options))
  await expect.poll(() => cancellations.listenerCount('order')).toBe(1)
  expect(subscribers).toEqual(['user-1'])
  cancellations.emit('order', '7')
  const received: string[] = []
  const reading = (async () => {
    for await (const chunk of response.body!) received.push(Buffer.from(chunk).toString())
  })()
  await expect(reading).rejects.toThrow('terminated')
  expect(received.join('')).toContain('{"data":{"orderCanceled":"7"}}')
  await expect.poll(() => cancellations.listenerCount('order')).toBe(0)
})
