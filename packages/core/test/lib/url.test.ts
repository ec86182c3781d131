import { expect, test } from 'vitest'
import { hasExtras, isSecure, parseUrl } from '../../src/lib/url.ts'

test('parseUrl returns undefined for a text that is not a URL', () => {
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
