import { createTestIssuer } from '@resource-server/testing'
import { Hono, type MiddlewareHandler } from 'hono'
import { afterAll, expect, test } from 'vitest'
import { type DecisionRecord, type FetchGuard, resourceServer } from '../src/index.ts'

// Tests the Hono middleware that the README shows.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const token = (claims: object) => issuer.token({ aud: 'order-service', ...claims })

function createApp(options: { readonly onRefusal?: 'throw' } = {}) {
  const records: DecisionRecord[] = []
  const api = resourceServer({
    issuer: issuer.url,
    clock: issuer.clock,
    ...options,
    onDecision: (record) => void records.push(record),
  })
  const guard =
    (...guards: readonly FetchGuard[]): MiddlewareHandler =>
    (context, next) =>
      api.protect(
        async () => {
          await next()
          return context.res
        },
        ...guards,
      )(context.req.raw)
  const app = new Hono()
  app.use('/orders/*', guard(api.requireAudience('order-service')))
  app.get('/orders/:id', guard(api.requireScope('orders:read')), (context) => {
    context.header('x-order', context.req.param('id'))
    return context.text(api.token(context.req.raw).subject)
  })
  const send = (credential?: string) =>
    app.request('/orders/7', {
      headers: credential ? { authorization: `Bearer ${credential}` } : {},
    })
  return { send, records }
}

test('two guards in a chain of Hono middleware make one decision record', async () => {
  const { send, records } = createApp()
  const response = await send(token({ scope: 'orders:read' }))
  expect([response.status, await response.text()]).toEqual([200, 'user-42'])
  expect(response.headers.get('x-order')).toBe('7')
  await new Promise((resolve) => setImmediate(resolve))
  expect(records).toMatchObject([
    { outcome: 'granted', checks: [{}, {}], request: { path: '/orders/7' } },
  ])
})

test.each([{}, { onRefusal: 'throw' } as const])(
  'Hono sends refusals with options %j',
  async (options) => {
    const { send, records } = createApp(options)
    const refused = await send(token({ scope: 'orders:write' }))
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toContain('scope="orders:read"')
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect((await send()).status).toBe(401)
    await new Promise((resolve) => setImmediate(resolve))
    expect(records.map(({ outcome }) => outcome)).toEqual(['refused', 'refused'])
  },
)
