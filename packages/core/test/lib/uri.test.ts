import { describe, expect, test } from 'vitest'
import { normalizePath, normalizeUri } from '../../src/lib/uri.ts'

const text = (uri: string): string | undefined => {
  const normal = normalizeUri(uri)
  return normal && normal.origin + normal.path
}

describe('normalizeUri', () => {
  test.each([
    ['HTTPS://API.Example:8443/Orders', 'https://api.example:8443', '/Orders'],
    ['https://api.example/caf%c3%a9', 'https://api.example', '/caf%C3%A9'],
    ['http://[2001:DB8:1234::ff:a]/', 'http://[2001:db8:1234:0:0:0:ff:a]', '/'],
    ['http://[::ffff:192.0.2.1]:3000/', 'http://[0:0:0:0:0:ffff:c000:201]:3000', '/'],
  ])('returns the normal form of %s', (uri, origin, path) => {
    expect(normalizeUri(uri)).toEqual({ origin, path })
  })

  test.each([
    ['HTTPS://API.Example/orders', 'https://api.example/orders'],
    ['https://api.example:443/orders', 'https://api.example/orders'],
    ['https://api.example:/orders', 'https://api.example/orders'],
    ['http://127.0.0.1:80/orders', 'http://127.0.0.1/orders'],
    ['https://api.example', 'https://api.example/'],
    ['https://api.example?a=1', 'https://api.example/'],
    ['https://api.example/orders?a=/../b#c', 'https://api.example/orders'],
    ['https://api.example/caf%c3%a9', 'https://api.example/caf%C3%A9'],
    ['https://api.example/%7euser/%41', 'https://api.example/~user/A'],
    ['http://[0:0:0:0:0:0:0:1]:3000/', 'http://[::1]:3000/'],
    ['http://[::0001]:3000/', 'http://[::1]:3000/'],
  ])('treats %s and %s as equal', (one, other) => {
    expect(text(one)).toBeDefined()
    expect(text(one)).toBe(text(other))
  })

  test.each([
    ['https://api.example/Orders', 'https://api.example/orders'],
    ['https://api.example/a%40b', 'https://api.example/a@b'],
    ['https://api.example/a%2Fb', 'https://api.example/a/b'],
    ['https://api.example/x%3Bv=1', 'https://api.example/x;v=1'],
    ['https://api.example/%257E', 'https://api.example/~'],
    ['https://api.example//orders', 'https://api.example/orders'],
    ['https://api.example/orders/', 'https://api.example/orders'],
    ['https://api.example./orders', 'https://api.example/orders'],
    ['https://api.example:0443/orders', 'https://api.example/orders'],
    ['http://api.example/orders', 'https://api.example/orders'],
    ['https://api.example:80/orders', 'https://api.example/orders'],
    ['http://[2001:db8::1]/', 'http://[2001:db8::2]/'],
    ['http://[2001:db8::1:0]/', 'http://[2001:db8::1]/'],
    ['http://[::ffff:127.0.0.1]/', 'http://127.0.0.1/'],
    ['http://127.1/', 'http://127.0.0.1/'],
    ['http://2130706433/', 'http://127.0.0.1/'],
  ])('treats %s and %s as different', (one, other) => {
    expect(text(one)).not.toBe(text(other))
  })

  test.each([
    '',
    'orders',
    '/orders',
    '//api.example/orders',
    'api.example/orders',
    'https:api.example/orders',
    'https:/api.example/orders',
    'https:///orders',
    'https://',
    'https:\\\\api.example\\orders',
    'https://api.example\\orders',
    'https://user@api.example/orders',
    'https://user:pw@api.example/orders',
    'https://api.example%2F@evil.example/orders',
    'https://api%2eexample/orders',
    'https://bücher.example/orders',
    'https://api.example/bücher',
    'https://api.example/a b',
    ' https://api.example/orders',
    'https://api.example/orders\n',
    'https://api.example/orders?a=b c',
    'https://api.example/orders?a=\n',
    'https://api.example/orders#ü',
    'https://api.example/%',
    'https://api.example/%a',
    'https://api.example/%ag',
    'https://api.example/%g0',
    'https://api.example/../orders',
    'https://api.example/a/../b',
    'https://api.example/a/.',
    'https://api.example/a/%2e%2E/b',
    'https://api.example/a/.%2e',
    'https://api.example:port/',
    'https://api.example:443:443/',
    'http://[fe80::1%25eth0]:3000/',
    'http://[fe80::1%eth0]:3000/',
    'http://[127.0.0.1]/',
    'http://[1::2::3]:3000/',
    'http://[::1/',
    'ws://api.example/orders',
    'evil:https://api/orders',
    'httpss://api.example/orders',
    'javascript://api.example/orders',
  ])('refuses %j', (uri) => {
    expect(normalizeUri(uri)).toBeUndefined()
  })
})

test('normalizePath keeps an escaped dot segment that is escaped twice', () => {
  expect(normalizePath('/orders/%252e%252e/x')).toBe('/orders/%252e%252e/x')
})

test('normalizePath refuses a relative path', () => {
  expect(normalizePath('orders')).toBeUndefined()
})
