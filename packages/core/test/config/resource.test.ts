import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import { bearer, createGateHarness, optionsFor, startIssuer } from '../support.ts'

const proofAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256']
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

test('without a resource, metadata() throws and challenges have no resource_metadata', async () => {
  const { gate, guards, pass } = createGateHarness(optionsFor(issuer))
  expect(() => gate.metadata()).toThrow(
    new ConfigError(
      "The metadata requires the option 'resource'.",
      "Set it to the URL that clients use for this service, such as 'https://orders.example.com'.",
    ),
  )
  expect(JSON.stringify(await pass({}, guards.requireAuthentication()))).not.toContain(
    'resource_metadata',
  )
})

describe('scopes_supported in the metadata', () => {
  test('lists the scopes of all guards created so far, sorted and without duplicates', () => {
    const { gate, guards } = createGateHarness(optionsOf('https://api.example.com'))
    const { document } = gate.metadata()
    // Section 3.2: empty lists are omitted.
    expect(document()).not.toHaveProperty('scopes_supported')
    guards.requireScope('b', 'a')
    guards.requireAnyScope('c', 'a')
    expect(document()).toEqual({
      resource: 'https://api.example.com',
      authorization_servers: [issuer.url],
      scopes_supported: ['a', 'b', 'c'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: proofAlgorithms,
    })
  })

  test('omits the scopes of a guard whose creation failed', () => {
    const { gate, guards } = createGateHarness(optionsOf('https://api.example.com'))
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
])('for the URL %j and the method %s, the metadata handler returns %s', (url, method, action) => {
  expect(metadataOf('https://api.example.com/v1').pass(ask(url, method)).action).toBe(action)
})

test('the metadata is served as JSON with status 200, to browsers as well', () => {
  const resource = 'https://api.example.com'
  const { document, pass } = metadataOf(resource)
  expect(pass(ask('/.well-known/oauth-protected-resource'))).toEqual({
    action: 'reply',
    reply: {
      status: 200,
      headers: { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' },
      body: JSON.stringify(document()),
    },
  })
})

test('with resolveIssuer only, the metadata names no authorization servers', () => {
  const resource = 'https://api.example.com'
  const gate = createGate({ resolveIssuer: () => undefined, resource })
  expect(gate.metadata().document()).toEqual({
    resource,
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: proofAlgorithms,
  })
})

test('the metadata says how tokens must be bound', () => {
  const given = { ...optionsOf('https://api.example.com'), mtls: { from: 'socket' } } as const
  const documentWith = (dpop: 'off' | 'required'): object =>
    createGate({ ...given, dpop })
      .metadata()
      .document()
  expect(documentWith('required')).toMatchObject({
    dpop_signing_alg_values_supported: proofAlgorithms,
    dpop_bound_access_tokens_required: true,
    tls_client_certificate_bound_access_tokens: true,
  })
  expect(Object.keys(documentWith('off')).join()).not.toContain('dpop')
})

test('a challenge contains the scopes of all guards that ran for the request', async () => {
  const { guards, pass } = createGateHarness(optionsFor(issuer))
  const token = issuer.token({ aud: 'order-service', scope: 'a c d' })
  const key = {}
  const challengeOf = async (guard: Parameters<typeof pass>[1]) => {
    const result = await pass(key, guard, bearer(token))
    return result.action === 'reply' ? result.reply.headers['WWW-Authenticate'] : result.action
  }
  expect(await challengeOf(guards.requireScope('a'))).toBe('proceed')
  // Of alternatives, the challenge contains the one that the token already has.
  expect(await challengeOf(guards.requireAnyScope('b', 'c', 'd'))).toBe('proceed')
  expect(await challengeOf(guards.requireScope('a', 'e'))).toContain('scope="a c e"')
})
