import { expect, test } from 'vitest'
import {
  hasExtras,
  isIssuerUrl,
  isLoopback,
  isSecure,
  parsePlainUrl,
  parseUrl,
  withoutSlash,
} from '../../src/lib/url.ts'

test('parseUrl returns undefined for a string that is not a URL', () => {
  expect(parseUrl('https://as.example.com/a')?.pathname).toBe('/a')
  expect(parseUrl('as.example.com')).toBeUndefined()
})

test('parseUrl accepts a host in Unicode however often it is called', () => {
  // URL.canParse changes its answer after some thousand calls on Node 20.
  for (let at = 0; at < 10_000; at += 1) parseUrl('https://bücher.example')
  expect(parseUrl('https://bücher.example')?.host).toBe('xn--bcher-kva.example')
})

test.each([
  ['https://as.example.com', true, true],
  ['http://as.example.com', false, true],
  ['http://localhost:8080', true, true],
  ['http://127.0.0.1', true, true],
  ['http://127.255.10.200', true, true],
  ['http://[::1]:80', true, true],
  ['http://localhost.example.com', false, true],
  ['http://notlocalhost', false, true],
  ['http://127.0.0.1.example.com', false, true],
  ['http://a.127.0.0.1.example', false, true],
  ['http://[::2]', false, true],
  ['http://[1::1]', false, true],
  ['ftp://localhost', false, false],
  ['file:///etc/passwd', false, false],
])('isSecure for %s: %s, with allowInsecureHttp: %s', (text, secure, allowed) => {
  expect(isSecure(new URL(text), false)).toBe(secure)
  expect(isSecure(new URL(text), true)).toBe(allowed)
})

test.each([
  ['https://as.example.com/a', false],
  ['https://user@as.example.com', true],
  ['https://:secret@as.example.com', true],
  ['https://as.example.com/?', true],
  ['https://as.example.com/?a=b', true],
  ['https://as.example.com/#', true],
  ['https://@as.example.com/', true],
])('hasExtras for %s: %s', (text, extras) => {
  expect(hasExtras(text, new URL(text))).toBe(extras)
})

test('hasExtras finds a user or password that only the parsed URL shows', () => {
  expect(hasExtras('', new URL('https://user@as.example.com'))).toBe(true)
  expect(hasExtras('', new URL('https://:secret@as.example.com'))).toBe(true)
})

test.each([
  ['https://api.example.com/a', true],
  ['HTTP://api.example.com', true],
  ['https://api.example.com/ ', false],
  ['\thttps://api.example.com/', false],
  ['https://user@api.example.com', false],
  ['https://api.example.com?a', false],
  ['ftp://api.example.com', false],
  ['xhttps://api.example.com', false],
  ['httpsx://api.example.com', false],
  ['api.example.com', false],
])('parsePlainUrl accepts %j: %s', (text, accepted) => {
  expect(parsePlainUrl(text)?.href).toBe(accepted ? new URL(text).href : undefined)
})

test('parsePlainUrl accepts only strings', () => {
  expect(parsePlainUrl(new URL('https://api.example.com'))).toBeUndefined()
  expect(parsePlainUrl(undefined)).toBeUndefined()
})

test.each([
  ['/a/', '/a'],
  ['/a', '/a'],
  ['/a//', '/a/'],
  ['/', ''],
  ['', ''],
])('withoutSlash of %j is %j', (path, expected) => {
  expect(withoutSlash(path)).toBe(expected)
})

test.each([
  ['https://as.example.com', true],
  ['HTTP://as.example.com/a', true],
  ['https:as.example.com', false],
  ['xhttps://as.example.com', false],
  ['https://as.example.com/a b', false],
  ['https://as.example.com/\n', false],
  ['https://as.example.com?a', false],
  ['https://user@as.example.com', false],
  ['ftp://as.example.com', false],
  ['urn:as', false],
  ['https://', false],
  ['https://[', false],
])('isIssuerUrl for %j: %s', (value, expected) => {
  expect(isIssuerUrl(value)).toBe(expected)
})

test('isLoopback is true for this machine only', () => {
  expect(isLoopback(new URL('https://localhost'))).toBe(true)
  expect(isLoopback(new URL('https://as.example.com'))).toBe(false)
})
