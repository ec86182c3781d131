import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import { bearer, createGateHarness, optionsFor, startIssuer } from '../support.ts'

const proofAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256']
const issuer = await startIssuer()
const optionsOf = (resource: string): ResourceServerOptions => ({ ...optionsFor(issuer), resource })
const metadataOf = (resource: string) => createGate(optionsOf(resource)).metadata()
const ask = (url: string, method = 'GET') => ({ method, url, headers: [] })

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

test('the metadata is served as JSON with status 200', () => {
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

test('the metadata names only issuers that are URLs', () => {
  const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }
  const issuers = [{ issuer: 'not a URL', jwks }, issuer.url]
  const resource = 'https://api.example.com'
  const gate = createGate({ issuers, audience: 'order-service', resource })
  expect(gate.metadata().document().authorization_servers).toEqual([issuer.url])
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

describe('the metadata says how tokens must be bound', () => {
  const algorithms = { dpop_signing_alg_values_supported: proofAlgorithms }
  const mtls = { tls_client_certificate_bound_access_tokens: true }

  test.each<readonly [options: Partial<ResourceServerOptions>, members: object]>([
    [{ dpop: 'off' }, {}],
    [{ dpop: 'allowed' }, algorithms],
    [{ dpop: 'required' }, { ...algorithms, dpop_bound_access_tokens_required: true }],
    [{ dpop: 'off', mtls: { from: 'socket' } }, mtls],
    [{ mtls: { from: 'socket' } }, { ...algorithms, ...mtls }],
  ])('with %j', (options, members) => {
    const resource = 'https://api.example.com'
    const gate = createGate({ ...optionsOf(resource), ...options })
    expect(gate.metadata().document()).toStrictEqual({
      resource,
      authorization_servers: [issuer.url],
      bearer_methods_supported: ['header'],
      ...members,
    })
  })
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
