import { describe, expect, test } from 'vitest'
import { fromFetch, fromNode } from '../../src/adapter.ts'
import { headerValues, isPreflight, pathOf } from '../../src/http/request.ts'

describe('a request of Node', () => {
  const node = { method: 'GET', url: '/a', rawHeaders: ['A', '1', 'b', '2', 'A', '3'], headers: {} }

  test('is read from its raw headers, repeated ones included', () => {
    const request = fromNode({ ...node, headers: { other: 'x' } })
    expect(request).toEqual({ method: 'GET', url: '/a', headers: node.rawHeaders })
    expect(headerValues(request, 'a')).toEqual(['1', '3'])
    expect(headerValues(request, 'b')).toEqual(['2'])
    // A value is no name.
    expect(headerValues(request, '1')).toEqual([])
    expect(headerValues(request, 'other')).toEqual([])
  })

  test('with a name and no value has the whole pairs', () => {
    const request = fromNode({ ...node, rawHeaders: ['A', '1', 'b'] })
    expect(headerValues(request, 'a')).toEqual(['1'])
    expect(headerValues(request, 'b')).toEqual([])
  })

  test('of a shim without raw headers is read from its headers', () => {
    const headers = { authorization: ['x', 'y'], a: '1' }
    expect(fromNode({ ...node, rawHeaders: [], headers }).headers).toEqual(Object.entries(headers))
    const { rawHeaders: _, ...without } = { ...node, headers }
    expect(fromNode(without as unknown as typeof node).headers).toEqual(Object.entries(headers))
  })

  test('has the url that the client asked for, where a router cut it', () => {
    expect(fromNode({ ...node, originalUrl: '/orders/a' }).url).toBe('/orders/a')
    expect(fromNode(node, '/orders/a').url).toBe('/orders/a')
  })

  test('without method and url has empty ones', () => {
    expect(fromNode({ rawHeaders: [], headers: {} })).toEqual({ method: '', url: '', headers: [] })
  })
})

test('a request of the Fetch standard keeps what it joined', () => {
  const request = new Request('https://orders.example/a', {
    headers: { Authorization: 'Bearer x' },
  })
  request.headers.append('authorization', 'Bearer y')
  expect(fromFetch(request)).toMatchObject({
    ...{ method: 'GET', url: '/a' },
    headers: [['authorization', 'Bearer x, Bearer y']],
  })
})

test.each([
  ['https://orders.example', '/'],
  ['https://orders.example/a/b?c=d#e', '/a/b?c=d'],
  ['http://127.0.0.1:3000/?at=https://x/y', '/?at=https://x/y'],
])('a request of the Fetch standard for %s has the url %s, as others have', (url, path) => {
  expect(fromFetch(new Request(url)).url.replace(/#.*/, '')).toBe(path)
})

test.each([
  ['/?at=https://x/y', '/?at=https://x/y'],
  ['https://orders.example', '/'],
])('what a runtime gives for a url, %s, has the url %s', (url, path) => {
  expect(fromFetch({ method: 'GET', url, headers: [] }).url).toBe(path)
})

test.each([
  ['/orders', '/orders'],
  ['/orders?secret=1', '/orders'],
  ['/orders#part', '/orders'],
  ['/orders/https://x/y', '/orders/https://x/y'],
  ['?secret=1', '/'],
  ['', '/'],
  ['https://orders.example/orders?secret=1', '/orders'],
  ['https://orders.example', '/'],
  ['https://orders.example?secret=1', '/'],
  ['https://orders.example#part', '/'],
  ['HTTP+X-1.0://orders.example/orders', '/orders'],
  ['://orders.example/orders', '://orders.example/orders'],
])('the path of %j is %j: no host, no query', (url, path) => {
  expect(pathOf({ method: 'GET', url, headers: [] })).toBe(path)
})

test('the values of a header are in order, whatever the case of its name', () => {
  const headers = [
    ['a', '1'],
    ['A', undefined],
    ['b', '2'],
    ['A', ['3', null]],
  ] as const
  const request = { method: 'GET', url: '/', headers }
  expect(headerValues(request, 'a')).toEqual(['1', ['3', null]])
  expect(headerValues(request, 'c')).toEqual([])
})

describe('a preflight', () => {
  const origin = ['Origin', 'https://shop.example'] as const
  const method = ['access-control-request-method', 'PUT'] as const

  test.each([
    ['OPTIONS with both headers', 'OPTIONS', [origin, method], true],
    ['OPTIONS without Origin', 'OPTIONS', [method], false],
    ['OPTIONS without a method asked for', 'OPTIONS', [origin], false],
    ['OPTIONS in small letters, which is another method', 'options', [origin, method], false],
    ['GET with both headers', 'GET', [origin, method], false],
  ])('%s', (_what, name, headers, is) => {
    expect(isPreflight({ method: name, url: '/', headers })).toBe(is)
  })
})
