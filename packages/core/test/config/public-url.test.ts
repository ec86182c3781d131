import { describe, expect, test } from 'vitest'
import { publicUrlsOf, readPrefix, readPublicUrl } from '../../src/config/public-url.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

const read = (value: unknown, allowInsecureHttp = false) =>
  readPublicUrl(value, 'publicUrl', { allowInsecureHttp })
const origin = 'https://api.example.com'

describe('publicUrl', () => {
  test.each<readonly [value: unknown, urls: readonly object[]]>([
    [origin, [{ origin, path: '' }]],
    [`${origin}/`, [{ origin, path: '' }]],
    ['HTTPS://API.example.com:443/Orders/', [{ origin, path: '/Orders' }]],
    [
      [origin, 'http://localhost:3000/a'],
      [
        { origin, path: '' },
        { origin: 'http://localhost:3000', path: '/a' },
      ],
    ],
    ['https://bücher.example', [{ origin: 'https://xn--bcher-kva.example', path: '' }]],
  ])('%j is read as %j', (value, urls) => {
    const found = read(value)
    expect(found).toStrictEqual(urls)
    expect([found, ...found].every((one) => Object.isFrozen(one))).toBe(true)
  })

  test.each([
    [[]],
    [null],
    [1],
    ['/orders'],
    ['urn:orders'],
    [`${origin}?a=b`],
    [`${origin}#a`],
    ['https://me@api.example.com'],
    ['https://api.example.com/%zz'],
    [[origin, 1]],
  ])('is not %j', (value) => {
    expect(() => read(value)).toThrow(
      new ConfigError(
        "'publicUrl' must be an absolute http or https URL without user, password, query or fragment, or a list of them.",
        "Set publicUrl: 'https://api.example.com', or 'https://api.example.com/orders' for a service under a path.",
      ),
    )
  })

  test('must use https, except on loopback or with allowInsecureHttp', () => {
    const url = 'http://api.internal'
    expect(() => read(url)).toThrow(
      new ConfigError(
        "'publicUrl' must be an https URL.",
        'Use the URL that clients use, even if a proxy in front of this service terminates TLS.',
      ),
    )
    expect(read(url, true)).toStrictEqual([{ origin: url, path: '' }])
  })
})

describe('prefix', () => {
  test.each<readonly [value: string, rule: unknown]>([
    ['stripped', 'stripped'],
    ['kept', 'kept'],
    ['added:/internal', { added: '/internal' }],
    ['added:/internal/', { added: '/internal' }],
    ['added:/a/b', { added: '/a/b' }],
  ])('%j is read as %j', (value, rule) => {
    const found = readPrefix(value, 'prefix')
    expect(found).toStrictEqual(rule)
    expect(Object.isFrozen(found)).toBe(true)
  })

  test.each([
    '',
    'removed',
    'added',
    'added:',
    'added:/',
    'added:internal',
    'added:/%zz',
    'not added:/internal',
    'added:/a\nb',
    null,
    ['added:/internal'],
  ])('is not %j', (value) => {
    expect(() => readPrefix(value, 'prefix')).toThrow(
      new ConfigError(
        "'prefix' must be 'stripped', 'kept', or 'added:' and a path.",
        "Say what the proxy in front of this service does with the path, as in 'added:/internal'.",
      ),
    )
  })
})

describe('publicUrlsOf', () => {
  const [bare, withPath] = [read(origin), read([origin, `${origin}/orders`])]

  test.each<readonly [what: string, make: () => object, expected: object]>([
    [
      'nothing',
      () => publicUrlsOf(undefined, undefined, undefined),
      { origins: [], prefix: 'stripped' },
    ],
    [
      'publicUrl',
      () => publicUrlsOf(bare, undefined, undefined),
      { origins: bare, prefix: 'stripped' },
    ],
    [
      'a path and a prefix',
      () => publicUrlsOf(withPath, 'kept', undefined),
      { origins: withPath, prefix: 'kept' },
    ],
    [
      'the origin of resource',
      () => publicUrlsOf(undefined, undefined, `${origin}/v1`),
      { origins: [{ origin, path: '' }], prefix: 'stripped' },
    ],
    [
      'publicUrl, not resource',
      () => publicUrlsOf(bare, { added: '/a' }, 'https://other.example'),
      { origins: bare, prefix: { added: '/a' } },
    ],
  ])('uses %s', (_what, make, expected) => {
    const urls = make()
    expect(urls).toStrictEqual(expected)
    expect(Object.isFrozen(urls)).toBe(true)
  })

  test('requires publicUrl for a prefix, even if there is a resource', () => {
    for (const resource of [undefined, `${origin}/v1`]) {
      expect(() => publicUrlsOf(undefined, 'kept', resource)).toThrow(
        new ConfigError(
          "'prefix' requires 'publicUrl'.",
          "Set publicUrl: 'https://api.example.com', or leave prefix out.",
        ),
      )
    }
  })

  test('requires prefix if one of the URLs has a path', () => {
    expect(() => publicUrlsOf(withPath, undefined, undefined)).toThrow(
      new ConfigError(
        "'publicUrl' has a path, but 'prefix' is missing.",
        "Set prefix: 'stripped' if a proxy removes this path before requests arrive here, and 'kept' otherwise.",
      ),
    )
  })
})
