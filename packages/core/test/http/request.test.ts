import { describe, expect, test } from 'vitest'
import { fromFetch, fromNode } from '../../src/adapter.ts'
import { headerValues, pathOf } from '../../src/http/request.ts'

describe('fromNode', () => {
  const node = { method: 'GET', url: '/a', rawHeaders: ['A', '1', 'b', '2', 'A', '3'], headers: {} }

  test('reads rawHeaders, including repeated headers', () => {
    const hostHeaders = { other: 'x' }
    const request = fromNode({ ...node, headers: hostHeaders })
    expect(request).toMatchObject({
      method: 'GET',
      url: '/a',
      headers: node.rawHeaders,
      hostHeaders,
    })
    expect(headerValues(request, 'a')).toEqual(['1', '3'])
    expect(headerValues(request, 'b')).toEqual(['2'])
    // A value is not a header name.
    expect(headerValues(request, '1')).toEqual([])
    expect(headerValues(request, 'other')).toEqual([])
  })

  test('ignores a last name without a value', () => {
    const request = fromNode({ ...node, rawHeaders: ['A', '1', 'b'] })
    expect(headerValues(request, 'a')).toEqual(['1'])
    expect(headerValues(request, 'b')).toEqual([])
  })

  test('reads headers if rawHeaders is empty or absent', () => {
    const headers = { authorization: ['x', 'y'], a: '1' }
    expect(fromNode({ ...node, rawHeaders: [], headers }).headers).toEqual(Object.entries(headers))
    const { rawHeaders: _, ...without } = { ...node, headers }
    expect(fromNode(without as unknown as typeof node).headers).toEqual(Object.entries(headers))
  })

  test('uses the original URL if a router changed it', () => {
    expect(fromNode({ ...node, originalUrl: '/orders/a' }).url).toBe('/orders/a')
    expect(fromNode(node, '/orders/a').url).toBe('/orders/a')
  })

  test('returns an empty method and URL if they are absent', () => {
    const empty = { method: '', url: '', headers: [], hostHeaders: {} }
    expect(fromNode({ rawHeaders: [], headers: {} })).toMatchObject(empty)
  })

  test('reads the socket at each call', () => {
    const socket = { remoteAddress: '10.0.0.5' }
    expect(fromNode({ ...node, socket }).connection?.()).toBe(socket)
    expect(fromNode({ ...node, socket: null }).connection?.()).toBeUndefined()
    expect(fromNode(node).connection?.()).toBeUndefined()
  })
})

test('the headers of a Fetch request are read by name, without listing all of them', () => {
  const headers = { get: (name: string) => (name === 'a' ? '1' : null) }
  expect(headerValues({ headers }, 'a')).toEqual(['1'])
  expect(headerValues({ headers }, 'b')).toEqual([])
})

test('fromFetch keeps repeated headers joined', () => {
  const request = new Request('https://orders.example/a', {
    headers: { Authorization: 'Bearer x' },
  })
  request.headers.append('authorization', 'Bearer y')
  expect(fromFetch(request)).toMatchObject({
    method: 'GET',
    url: '/a',
  })
  expect(headerValues(fromFetch(request), 'authorization')).toEqual(['Bearer x, Bearer y'])
  expect(headerValues(fromFetch(request), 'dpop')).toEqual([])
})

test('an empty header of a Fetch request counts as present', () => {
  const request = new Request('https://orders.example/a', { headers: { Authorization: '' } })
  expect(headerValues(fromFetch(request), 'authorization')).toEqual([''])
})

test.each([
  ['https://orders.example', '/'],
  ['https://orders.example/a/b?c=d#e', '/a/b?c=d'],
  ['http://127.0.0.1:3000/?at=https://x/y', '/?at=https://x/y'],
])('fromFetch of a Request for %s has the URL %s', (url, path) => {
  expect(fromFetch(new Request(url)).url.replace(/#.*/, '')).toBe(path)
})

test.each([
  ['/?at=https://x/y', '/?at=https://x/y'],
  ['https://orders.example', '/'],
])('fromFetch of the URL %s has the URL %s', (url, path) => {
  expect(fromFetch({ method: 'GET', url, headers: new Headers() }).url).toBe(path)
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
])('pathOf(%j) is %j, without the host and the query', (url, path) => {
  expect(pathOf({ method: 'GET', url, headers: [] })).toBe(path)
})

test('headerValues returns the values in order and ignores the case of names', () => {
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

test('a Fetch request has no HTTP/2 pseudo-headers, because its headers refuse their names', () => {
  const request = fromFetch(new Request('https://api.example/orders'))
  expect(headerValues(request, ':authority')).toEqual([])
})
