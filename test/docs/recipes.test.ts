import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { listen, listenFetch, loadRecipe, send } from './recipe.ts'

const issuer = await createTestIssuer()
afterAll(() => issuer.close())
const order = { aud: 'order-service', scope: 'orders:read', sub: 'user-1' }
const good = issuer.token(order)
const otherScope = issuer.token({ ...order, scope: 'other' })

interface Recipe {
  readonly server: Server
  readonly lines?: readonly string[]
}

const load = (name: string): Promise<Recipe> => loadRecipe(name, issuer.url)

test('plain node:http', async () => {
  const url = await listen((await load('node-http')).server)
  expect((await send(url)).status).toBe(401)
  expect((await send(url, otherScope)).status).toBe(403)
  expect(await (await send(url, good)).text()).toBe('The orders of user-1')
})

test('server-sent events end with the token', async () => {
  const url = await listen((await load('server-sent-events')).server)
  expect((await send(url)).status).toBe(401)
  // The recipe uses the system clock, so the token has almost expired: the tolerance is 5 seconds.
  const response = await send(url, issuer.token({ ...order, expiresIn: -1 }))
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(await response.text()).toBe('event: ready\ndata: {}\n\n')
})

test('request IDs in decision records', async () => {
  const { server, lines } = await load('request-ids')
  const url = await listen(server)
  const ids = [await send(url), await send(url, good)].map(({ headers }) =>
    headers.get('x-request-id'),
  )
  await expect.poll(() => lines).toHaveLength(2)
  const records = lines!.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(records.map(({ requestId, outcome }) => [requestId, outcome])).toEqual([
    [ids[0], 'refused'],
    [ids[1], 'granted'],
  ])
})

describe('API keys', async () => {
  const digest = createHash('sha256').update('key').digest('hex')
  vi.stubEnv('WAREHOUSE_KEY_DIGEST', digest)
  const { server } = await load('api-keys')
  const key = { 'X-Api-Key': 'key' }

  test.each([
    ['a key with the scope', '/orders', undefined, key, 200],
    ['a token with the scope', '/orders', good, {}, 200],
    ['a key without the scope', '/invoices', undefined, key, 403],
    ['a token without the scope', '/invoices', good, {}, 403],
    ['an unknown key', '/orders', undefined, { 'X-Api-Key': 'other' }, 401],
    ['the digest of a key', '/orders', undefined, { 'X-Api-Key': digest }, 401],
    ['an empty key', '/orders', undefined, { 'X-Api-Key': '' }, 401],
    ['neither', '/orders', undefined, {}, 401],
    ['both', '/orders', good, key, 400],
    ['a key and another scheme', '/orders', undefined, { ...key, Authorization: 'Basic a' }, 400],
  ])('%s on %s', async (_what, path, token, headers, status) => {
    const url = await listen(server)
    const response = await send(`${url}${path}`, token, headers)
    expect(response.status).toBe(status)
    if (status === 200) {
      expect(await response.text()).toBe(
        `The orders of ${token ? 'user:user-1' : 'partner:warehouse'}`,
      )
    }
  })

  test('a user whose subject is the name of a partner is not that partner', async () => {
    const url = await listen(server)
    const orders = async (token?: string): Promise<string> =>
      (await send(`${url}/orders`, token, token === undefined ? key : {})).text()
    const user = issuer.token({ ...order, sub: 'warehouse' })
    expect(await orders(user)).not.toBe(await orders())
  })
})

describe('Next.js', () => {
  interface Route {
    readonly GET: (request: Request, context: { params: Promise<{ id: string }> }) => Response
  }
  interface Proxy {
    readonly proxy: (request: Request) => Promise<Response | undefined>
  }

  // npm run test:interop builds an app of Next.js with the same code.
  test('a route handler and a proxy with Request and Response', async () => {
    const { GET } = await loadRecipe<Route>('next-js', issuer.url)
    const { proxy } = await loadRecipe<Proxy>('next-js', issuer.url, 1)
    const params = Promise.resolve({ id: '7' })
    const fetch = async (request: Request): Promise<Response> =>
      (await proxy(request)) ?? GET(request, { params })
    const url = await listenFetch(fetch)
    const refused = await send(url)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('Bearer')
    expect((await send(url, otherScope)).status).toBe(403)
    expect(await (await send(url, good)).json()).toEqual({ id: '7', owner: 'user-1' })
  })
})

describe('AWS Lambda authorizers', async () => {
  type Authorizer = (event: object) => Promise<Readonly<Record<string, unknown>>>
  interface Authorizers {
    readonly httpApi: Authorizer
    readonly restApi: Authorizer
  }
  const authorizers = await loadRecipe<Authorizers>('aws-lambda', issuer.url)
  const methodArn = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/GET/orders/7'
  const resource = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/*'
  const context = { subject: 'user-1', client: 'client-1', scope: 'orders:read' }

  /** The events that API Gateway sends, as its documentation shows them, without what is not read. */
  const formats: Readonly<
    Record<string, (recipe: Authorizers, ...values: readonly string[]) => Promise<object>>
  > = {
    'HTTP API': ({ httpApi }, ...values) =>
      httpApi({
        version: '2.0',
        type: 'REQUEST',
        routeArn: methodArn,
        // This format joins several values.
        headers: values.length === 0 ? {} : { authorization: values.join(',') },
      }),
    'REST API, token authorizer': ({ restApi }, ...values) =>
      restApi({ type: 'TOKEN', methodArn, authorizationToken: values.join(',') }),
    'REST API, request authorizer': ({ restApi }, ...values) =>
      restApi({
        type: 'REQUEST',
        methodArn,
        headers: { AUTHORIZATION: values.at(-1) },
        multiValueHeaders: { Host: ['api.example'], AUTHORIZATION: values },
      }),
  }

  const bearer = (token: string): string => `Bearer ${token}`
  const token = issuer.token({ ...order, clientId: 'client-1' })

  describe.each(Object.entries(formats))('%s', (format, invoke) => {
    test('lets a valid token through, with its subject and scopes', async () => {
      const result = await invoke(authorizers, bearer(token))
      const statement = { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: resource }
      expect(result).toEqual(
        format === 'HTTP API'
          ? { isAuthorized: true, context }
          : {
              principalId: 'user-1',
              policyDocument: { Version: '2012-10-17', Statement: [statement] },
              context,
            },
      )
    })

    test.each([
      ['no token', []],
      ['another scheme', ['Basic a']],
      ['a token for another service', [bearer(issuer.token({ ...order, aud: 'other' }))]],
      ['two tokens', [bearer(token), bearer(token)]],
    ])('is Unauthorized for %s', async (_what, values) => {
      await expect(invoke(authorizers, ...values)).rejects.toThrow(/^Unauthorized$/)
    })

    test('denies a token without the scope of the API, and does not say whose it is', async () => {
      const result = await invoke(authorizers, bearer(otherScope))
      expect(result).toMatchObject(
        format === 'HTTP API'
          ? { isAuthorized: false, context: {} }
          : { policyDocument: { Statement: [{ Effect: 'Deny', Resource: resource }] } },
      )
      expect(JSON.stringify(result)).not.toContain('user-1')
    })

    test('is another error while the keys are unavailable', async () => {
      const stopped = await createTestIssuer()
      onTestFinished(() => stopped.close())
      stopped.stop()
      const recipe = await loadRecipe<Authorizers>('aws-lambda', stopped.url)
      const unverified = invoke(recipe, bearer(stopped.token(order)))
      await expect(unverified).rejects.toThrow('could not be verified')
    })
  })
})
