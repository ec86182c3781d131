import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import { bearer, openDesk, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const optionsOf = (resource: unknown): ResourceServerOptions =>
  ({ ...optionsFor(issuer), resource }) as ResourceServerOptions
const metadataOf = (resource: unknown) => createGate(optionsOf(resource)).metadata()
const ask = (url: string, method = 'GET') => ({ method, url, headers: [] })

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
])('the metadata of %s is at %s', (resource, url) => {
  const { document, url: found } = metadataOf(resource)
  expect(found).toBe(url)
  // Section 3.3: letter by letter as configured.
  expect(document()).toMatchObject({ resource, authorization_servers: [issuer.url] })
})

test.each([
  ['no string', 1],
  ['null', null],
  ['no URL', 'api.example.com'],
  ['a path', '/v1'],
  ['another scheme', 'urn:orders'],
  ['a scheme that ends like https', 'xhttps://api.example.com'],
  ['a scheme that begins like https', 'httpsx://api.example.com'],
  ['a fragment', 'https://api.example.com/#v1'],
  ['a query', 'https://api.example.com/?v=1'],
  ['a user', 'https://me@api.example.com'],
  ['a space before it', ' https://api.example.com'],
  ['a space after it', 'https://api.example.com '],
])('%s is no resource', (_what, resource) => {
  expect(() => createGate(optionsOf(resource))).toThrow(
    new ConfigError(
      "'resource' is not an absolute URL without user, query and fragment.",
      "Write resource: 'https://orders.example.com', as clients reach this service.",
    ),
  )
})

test('plain http is none, and neither is nothing', () => {
  expect(() => createGate(optionsOf('http://api.example.com'))).toThrow(
    new ConfigError(
      "'resource' is not https.",
      'Use https (RFC 9728 section 1.2). On a trusted network, allowInsecureHttp: true permits http.',
    ),
  )
  expect(() => createGate(optionsOf(undefined))).toThrow("'resource' is undefined.")
})

test('plain http is taken where it is allowed', () => {
  const gate = createGate({ ...optionsOf('http://api.internal'), allowInsecureHttp: true })
  expect(gate.metadata().url).toBe('http://api.internal/.well-known/oauth-protected-resource')
})

test('without a resource there is no metadata, and a challenge names none', async () => {
  const { gate, guards, pass } = openDesk(optionsFor(issuer))
  expect(() => gate.metadata()).toThrow(
    new ConfigError(
      "There is no metadata without 'resource'.",
      "Set resource: 'https://orders.example.com', as clients reach this service.",
    ),
  )
  expect(JSON.stringify(await pass({}, guards.requireAuthentication()))).not.toContain(
    'resource_metadata',
  )
})

describe('the scopes of the metadata', () => {
  test('are those of the guards made so far, sorted and once each', () => {
    const { gate, guards } = openDesk(optionsOf('https://api.example.com'))
    const { document } = gate.metadata()
    // Section 3.2: no empty list.
    expect(document()).not.toHaveProperty('scopes_supported')
    guards.requireScope('b', 'a')
    guards.requireAnyScope('c', 'a')
    expect(document()).toEqual({
      resource: 'https://api.example.com',
      authorization_servers: [issuer.url],
      scopes_supported: ['a', 'b', 'c'],
      bearer_methods_supported: ['header'],
    })
  })

  test('are not those of guards that were refused', () => {
    const { gate, guards } = openDesk(optionsOf('https://api.example.com'))
    expect(() => guards.requireScope('a', '')).toThrow(ConfigError)
    expect(gate.metadata().document()).not.toHaveProperty('scopes_supported')
  })
})

test.each([
  ['/.well-known/oauth-protected-resource/v1', 'GET', 'reply'],
  ['/.well-known/oauth-protected-resource/v1?x=y', 'GET', 'reply'],
  ['https://evil.test/.well-known/oauth-protected-resource/v1', 'GET', 'reply'],
  ['/.well-known/oauth-protected-resource/v1', 'HEAD', 'reply'],
  ['/.well-known/oauth-protected-resource/v1', 'POST', 'proceed'],
  ['/.well-known/oauth-protected-resource/v1', 'get', 'proceed'],
  ['/.well-known/oauth-protected-resource', 'GET', 'proceed'],
  ['/.well-known/oauth-protected-resource/v1/', 'GET', 'proceed'],
  ['/v1', 'GET', 'proceed'],
  ['', 'GET', 'proceed'],
])('%s by %s: %s', (url, method, then) => {
  expect(metadataOf('https://api.example.com/v1').pass(ask(url, method)).action).toBe(then)
})

test('the reply is the document as JSON', () => {
  const resource = 'https://api.example.com'
  const { document, pass } = metadataOf(resource)
  expect(pass(ask('/.well-known/oauth-protected-resource'))).toEqual({
    action: 'reply',
    reply: {
      status: 200,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(document()),
    },
  })
})

test('where all issuers are resolved, none is named', () => {
  const resource = 'https://api.example.com'
  const gate = createGate({ resolveIssuer: () => undefined, resource })
  expect(gate.metadata().document()).toEqual({ resource, bearer_methods_supported: ['header'] })
})

test('a challenge names the scopes of all guards that were asked', async () => {
  const { guards, pass } = openDesk(optionsFor(issuer))
  const token = issuer.token({ aud: 'order-service', scope: 'a c d' })
  const key = {}
  const challengeOf = async (guard: Parameters<typeof pass>[1]) => {
    const result = await pass(key, guard, bearer(token))
    return result.action === 'reply' ? result.reply.headers['WWW-Authenticate'] : result.action
  }
  expect(await challengeOf(guards.requireScope('a'))).toBe('proceed')
  // Of alternatives, the one that the token has: it is what it must keep.
  expect(await challengeOf(guards.requireAnyScope('b', 'c', 'd'))).toBe('proceed')
  expect(await challengeOf(guards.requireScope('a', 'e'))).toContain('scope="a c e"')
})
