import { describe, expect, test } from 'vitest'
import { targetProblem, targetsOf } from '../../src/binding/target-url.ts'
import {
  type PublicUrls,
  publicUrlsOf,
  readPrefix,
  readPublicUrl,
} from '../../src/config/public-url.ts'
import { presentationOf } from './dpop-fixture.ts'

const context = { allowInsecureHttp: true }

const urlsOf = (publicUrl: string | readonly string[], prefix?: string): PublicUrls =>
  publicUrlsOf(
    readPublicUrl(publicUrl, 'publicUrl', context),
    prefix === undefined ? undefined : readPrefix(prefix, 'prefix'),
    undefined,
  )

const targets = (url: string, urls: PublicUrls, host = 'internal:8080'): readonly string[] =>
  targetsOf(presentationOf({ host }, { url }), urls).map(({ origin, path }) => origin + path)

describe('targetsOf', () => {
  const urls = urlsOf('https://api.example')

  test('uses the configured origin and the path of the request, without its query', () => {
    expect(targets('/orders/7?a=1', urls)).toEqual(['https://api.example/orders/7'])
  })

  test('ignores the Host header and X-Forwarded-*', () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'x' }
    expect(targetsOf(presentationOf(headers), urls)).toEqual([
      { origin: 'https://api.example', path: '/orders' },
    ])
  })

  test.each(['api.example/intended?', 'api.example/intended#', 'api.example\\intended', 'a@b'])(
    'is empty if Host is %j, because a framework may have built the URL from it',
    (host) => {
      expect(targets('/other', urls, host)).toEqual([])
    },
  )

  test('is empty if Host is not a string', () => {
    const header = (name: string): readonly unknown[] => (name === 'host' ? [['api.example']] : [])
    expect(targetsOf(presentationOf({}, { header }), urls)).toEqual([])
  })

  test('ignores :authority of HTTP/2, and is empty if it is not a host and a port', () => {
    const withAuthority = (authority: string): readonly unknown[] =>
      targetsOf(presentationOf({ ':authority': authority }), urls)
    expect(withAuthority('evil.example')).toEqual([
      { origin: 'https://api.example', path: '/orders' },
    ])
    expect(withAuthority('api.example/intended?')).toEqual([])
  })

  test('puts a stripped prefix back', () => {
    const stripped = urlsOf('https://api.example/svc2/', 'stripped')
    expect(targets('/orders', stripped)).toEqual(['https://api.example/svc2/orders'])
    expect(targets('/svc2/orders', stripped)).toEqual(['https://api.example/svc2/svc2/orders'])
    expect(targets('/', stripped)).toEqual([
      'https://api.example/svc2',
      'https://api.example/svc2/',
    ])
  })

  test('leaves a kept prefix as it is, and requires it', () => {
    const kept = urlsOf('https://api.example/svc2', 'kept')
    expect(targets('/svc2/orders', kept)).toEqual(['https://api.example/svc2/orders'])
    expect(targets('/svc2', kept)).toEqual(['https://api.example/svc2'])
    expect(targets('/svc22/orders', kept)).toEqual([])
    expect(targets('/orders', kept)).toEqual([])
  })

  test('removes an added prefix, and requires it', () => {
    const added = urlsOf('https://api.example', 'added:/internal/')
    expect(targets('/internal/orders', added)).toEqual(['https://api.example/orders'])
    expect(targets('/internal', added)).toEqual(['https://api.example/'])
    expect(targets('/orders', added)).toEqual([])
  })

  test('knows several origins', () => {
    const two = urlsOf(['https://api.example', 'https://api.internal:8443'])
    expect(targets('/orders', two)).toEqual([
      'https://api.example/orders',
      'https://api.internal:8443/orders',
    ])
  })

  test('accepts an absolute target only with a configured origin', () => {
    expect(targets('https://api.example/orders', urls)).toEqual(['https://api.example/orders'])
    expect(targets('https://evil.example/orders', urls)).toEqual([])
    expect(targets('http://api.example/orders', urls)).toEqual([])
  })

  test.each(['*', 'orders', '', '/a/../b', '/a/%2e%2e/b', '/a\\b', '/%zz', '/a#b'])(
    'is empty for the target %j',
    (url) => {
      expect(targets(url, urls)).toEqual([])
    },
  )

  test('uses the URL that the caller knows', () => {
    const publicUrl = 'https://other.example/x?y'
    expect(targetsOf(presentationOf({}, { publicUrl }), urls)).toEqual([
      { origin: 'https://other.example', path: '/x' },
    ])
    expect(targetsOf(presentationOf({}, { publicUrl: '/x' }), urls)).toEqual([])
  })

  test('reads a host in Unicode from the configuration as its ASCII form', () => {
    expect(targets('/', urlsOf('https://bücher.example'))).toEqual([
      'https://xn--bcher-kva.example/',
    ])
  })
})

describe('targetProblem', () => {
  const own = targetsOf(presentationOf({}), urlsOf('https://api.example'))

  test.each([
    ['https://API.example:443/orders?x#y', undefined],
    ['https://api.example/Orders', 'the path of htu in the proof is not the path of the request'],
    ['https://evil.example/orders', 'the origin of htu in the proof is not https://api.example'],
    ['orders', 'htu in the proof is not a well-formed http or https URL'],
  ])('for %s is: %s', (htu, problem) => {
    expect(targetProblem(htu, own)).toBe(problem)
  })

  test('says if the request itself has no URL', () => {
    expect(targetProblem('https://api.example/orders', [])).toBe(
      'the URL of the request is malformed or is outside publicUrl',
    )
  })

  test('accepts each of several paths, and names each of several origins', () => {
    const urls = urlsOf(['https://api.example/svc', 'https://api.internal/svc'], 'stripped')
    const several = targetsOf(presentationOf({}, { url: '/' }), urls)
    for (const htu of ['https://API.example/svc', 'https://API.internal/svc/']) {
      expect(targetProblem(htu, several)).toBe(undefined)
    }
    expect(targetProblem('https://evil.example/svc', several)).toBe(
      'the origin of htu in the proof is not https://api.example or https://api.internal',
    )
  })
})
