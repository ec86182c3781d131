import { expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import { optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const optionsOf = (resource: unknown): ResourceServerOptions =>
  ({ ...optionsFor(issuer), resource }) as ResourceServerOptions
const metadataOf = (resource: unknown) => createGate(optionsOf(resource)).metadata()

// RFC 9728 section 3.1
test.each([
  ['https://api.example.com', 'https://api.example.com/.well-known/oauth-protected-resource'],
  ['https://api.example.com/', 'https://api.example.com/.well-known/oauth-protected-resource'],
  ['https://api.example.com/v1', 'https://api.example.com/.well-known/oauth-protected-resource/v1'],
  [
    'https://api.example.com/a/b/',
    'https://api.example.com/.well-known/oauth-protected-resource/a/b/',
  ],
  [
    'https://api.example.com:8443/v1',
    'https://api.example.com:8443/.well-known/oauth-protected-resource/v1',
  ],
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/.well-known/oauth-protected-resource'],
])('the metadata URL of %s is %s', (resource, url) => {
  const { document, url: found } = metadataOf(resource)
  expect(found).toBe(url)
  // Section 3.3: the identifier is exactly as configured.
  expect(document()).toMatchObject({ resource, authorization_servers: [issuer.url] })
})

test.each([
  ['a number', 1],
  ['null', null],
  ['a host name', 'api.example.com'],
  ['a path', '/v1'],
  ['a URN', 'urn:orders'],
  ['a URL whose scheme ends with https', 'xhttps://api.example.com'],
  ['a URL whose scheme starts with https', 'httpsx://api.example.com'],
  ['a URL with a fragment', 'https://api.example.com/#v1'],
  ['a URL with a query', 'https://api.example.com/?v=1'],
  ['a URL with a user', 'https://me@api.example.com'],
  ['a URL after a space', ' https://api.example.com'],
  ['a URL before a space', 'https://api.example.com '],
])('%s as the resource is a ConfigError', (_what, resource) => {
  expect(() => createGate(optionsOf(resource))).toThrow(
    new ConfigError(
      "'resource' must be an absolute http or https URL without user, password, query or fragment.",
      "Pass the URL that clients use for this service, such as 'https://orders.example.com'.",
    ),
  )
})

test('a plain http URL or undefined as the resource is a ConfigError', () => {
  expect(() => createGate(optionsOf('http://api.example.com'))).toThrow(
    new ConfigError(
      "'resource' must be an https URL.",
      'Use https (RFC 9728 section 1.2), or set allowInsecureHttp: true on a trusted network.',
    ),
  )
  expect(() => createGate(optionsOf(undefined))).toThrow("'resource' is undefined.")
})

test('allowInsecureHttp allows a plain http URL as the resource', () => {
  const gate = createGate({ ...optionsOf('http://api.internal'), allowInsecureHttp: true })
  expect(gate.metadata().url).toBe('http://api.internal/.well-known/oauth-protected-resource')
})
