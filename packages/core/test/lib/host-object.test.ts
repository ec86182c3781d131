import { createServer, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { hostObjectOf, isFetchRequest } from '../../src/lib/host-object.ts'

const nodeRequest = new IncomingMessage(new Socket())
const fetchRequest = new Request('https://orders.example.com')

const hostObjects: readonly (readonly [string, object, string])[] = [
  ['a Node request', nodeRequest, '@resource-server/express'],
  ['a Koa context', { req: nodeRequest, res: {}, app: {}, state: {} }, '@resource-server/koa'],
  ['a Fastify request', { raw: nodeRequest, routeOptions: {} }, '@resource-server/fastify'],
  ['a Hono context', { req: { raw: fetchRequest }, res: {} }, 'c.req.raw'],
  ['a Hono request', { raw: fetchRequest }, 'c.req.raw'],
  ['a Fetch Request', fetchRequest, '@resource-server/fetch'],
]

describe('hostObjectOf', () => {
  test.each(hostObjects)('recognizes %s', (name, value, fix) => {
    expect(hostObjectOf(value)?.name).toBe(name)
    expect(hostObjectOf(value)?.fix).toContain(fix)
  })

  test.each([
    undefined,
    null,
    'order-service',
    ['order-service'],
    { only: 'order-service' },
    { iss: 'https://as.example.com', sub: 'user-service' },
    { acr: 'mfa', maxAge: 300 },
    { req: 'order-service' },
    { raw: 'order-service' },
    () => true,
    createServer(),
  ])('does not recognize %s', (value) => {
    expect(hostObjectOf(value)).toBeUndefined()
  })
})

test('isFetchRequest accepts a Request and nothing else', () => {
  expect(isFetchRequest(fetchRequest)).toBe(true)
  const headers = ['x', null, {}, new Map().keys(), { get: () => null }]
  const others = [
    nodeRequest,
    ...headers.map((value) => ({ headers: value })),
    'x',
    null,
    undefined,
  ]
  expect(others.filter(isFetchRequest)).toEqual([])
})
