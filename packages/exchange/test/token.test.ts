import { inspect } from 'node:util'
import { createVerifier, ConfigError, type AccessToken } from '@resource-server/core'
import { describe, expect, test } from 'vitest'
import { nextHop } from '../src/index.ts'
import { errorOf, formOf, secret, self, setUp, target } from './support.ts'

describe('token()', () => {
  test('exchanges the token of the caller for one that the next service accepts', async () => {
    const { hop, issuer, subject } = await setUp()
    const caller = await subject({ sub: 'user-42', actors: ['web-gateway'] })
    const exchanged = await hop.token(caller)
    const next = createVerifier({ issuer: issuer.url, audience: target, clock: issuer.clock })
    const token = await next.verify(exchanged.value)
    expect(token).toMatchObject({
      subject: 'user-42',
      actor: { subject: self },
      priorActors: [{ subject: 'web-gateway' }],
      scopes: ['stock:read'],
      clientId: self,
    })
    expect(exchanged).toMatchObject({
      tokenType: 'Bearer',
      scopes: ['stock:read'],
      expiresAt: token.expiresAt,
    })
    expect(formOf(issuer)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: caller.raw,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: target,
      scope: 'stock:read',
    })
    expect(issuer.tokenEndpoint.requests.at(0)!.authentication).toBe('basic')
    next.close()
  })

  test('prints no token, whatever prints the result', async () => {
    const { hop, subject } = await setUp()
    const exchanged = await hop.token(await subject())
    const { value } = exchanged
    expect(value).toMatch(/^ey/)
    expect(JSON.stringify(exchanged)).not.toContain(value)
    expect(inspect(exchanged, { showHidden: true, depth: 9 })).not.toContain(value)
    expect({ ...exchanged }).not.toHaveProperty('value')
  })

  test.each<[string, (caller: AccessToken) => unknown]>([
    ['the text of a token', (caller) => caller.raw],
    ['a copy of a token', (caller) => ({ ...caller, raw: caller.raw })],
    ['nothing', () => undefined],
  ])('refuses %s, and sends nothing', async (_what, change) => {
    const { hop, subject, exchanges } = await setUp()
    const given = change(await subject()) as AccessToken
    await expect(hop.token(given)).rejects.toThrow(ConfigError)
    await expect(hop.fetch(given, '/')).rejects.toThrow(ConfigError)
    await expect(hop.forget(given)).rejects.toThrow(ConfigError)
    expect(exchanges()).toBe(0)
  })

  test('refuses a verified token of another issuer, and sends nothing to either', async () => {
    const [ours, theirs] = [await setUp(), await setUp()]
    const caller = await theirs.subject()
    await expect(ours.hop.token(caller)).rejects.toThrow(ConfigError)
    expect([ours.exchanges(), theirs.exchanges()]).toEqual([0, 0])
  })

  test('refuses an expired token with 401, and sends nothing', async () => {
    const { hop, issuer, subject, exchanges } = await setUp()
    const caller = await subject({ expiresIn: 10 })
    issuer.clock.advance(10)
    const error = await errorOf(hop.token(caller))
    expect(error).toMatchObject({ status: 401, code: 'token_expired' })
    expect(error.headers['WWW-Authenticate']).toMatch(/^Bearer error="invalid_token"/)
    expect(exchanges()).toBe(0)
  })

  test('sends each audience and resource as a parameter of its own', async () => {
    const targets = { x: [], y: [], 'https://a.example/a': [], 'https://a.example/b': [] }
    const { issuer, hop, subject } = await setUp(
      { audience: ['x', 'y'], resource: ['https://a.example/a', 'https://a.example/b'] },
      { clients: { [self]: { secret, targets: { ...targets, z: [] } } } },
    )
    await errorOf(hop.token(await subject()))
    const { form } = issuer.tokenEndpoint.requests.at(0)!
    expect(form.filter(([name]) => name === 'audience' || name === 'resource')).toEqual([
      ['audience', 'x'],
      ['audience', 'y'],
      ['resource', 'https://a.example/a'],
      ['resource', 'https://a.example/b'],
    ])
  })

  test('asks for no scope if none is configured, and returns the granted ones', async () => {
    const { options, issuer, subject } = await setUp()
    const { scope: _, ...rest } = options
    expect(await nextHop(rest).token(await subject())).toMatchObject({
      scopes: ['stock:read', 'stock:write'],
    })
    expect(formOf(issuer)).not.toHaveProperty('scope')
  })
})

describe('the metadata', () => {
  test('is fetched once, and again after an hour', async () => {
    const { hop, issuer, subject } = await setUp()
    await hop.warmUp()
    await hop.token(await subject())
    expect(issuer.requests.discovery).toBe(1)
    issuer.clock.advance(3600)
    await hop.token(await subject())
    expect(issuer.requests.discovery).toBe(2)
  })

  test('of another issuer is a ConfigError of warmUp, and 503 for callers', async () => {
    const { issuer, options } = await setUp({}, { metadata: { issuer: 'https://other.example' } })
    const jwks = { keys: [issuer.key.publicJwk] }
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: self,
      jwks,
      clock: issuer.clock,
    })
    const hop = nextHop(options)
    await expect(hop.warmUp()).rejects.toThrow(ConfigError)
    const caller = await verifier.verify(issuer.token({ aud: self }))
    expect(await errorOf(hop.token(caller))).toMatchObject({
      status: 503,
      code: 'exchange_misconfigured',
      reason: expect.stringContaining('other.example'),
    })
    verifier.close()
  })

  test.each([
    ['is missing', undefined],
    ['is not a URL', 'token'],
    ['uses plain http on another host', 'http://as.example/token'],
  ])('whose token_endpoint %s is a ConfigError', async (_what, endpoint) => {
    const { hop } = await setUp({}, { metadata: { token_endpoint: endpoint } })
    await expect(hop.warmUp()).rejects.toThrow(ConfigError)
  })

  test('is not needed with tokenEndpoint', async () => {
    const { issuer, options, subject } = await setUp()
    const caller = await subject()
    const { discovery } = issuer.requests
    const tokenEndpoint = issuer.tokenEndpoint.url
    await nextHop({ ...options, tokenEndpoint }).token(caller)
    expect(issuer.requests.discovery).toBe(discovery)
  })
})
