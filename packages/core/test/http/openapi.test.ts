import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import { optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

/** The guards of a host whose handlers are plain functions, and their OpenAPI description. */
function api(options: Partial<ResourceServerOptions> = {}) {
  const gate = createGate({ ...optionsFor(issuer), ...options })
  const guards = gate.guards(() => () => {})
  return { guards, ...gate.openapi<() => void>() }
}

test('the security scheme is a bearer token', () => {
  expect(api().securitySchemes).toEqual({
    accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  })
})

describe('bound tokens', () => {
  const publicUrl = 'https://api.example.com'
  const accessToken = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }
  const dpopAccessToken = {
    type: 'http',
    scheme: 'DPoP',
    bearerFormat: 'JWT',
    description:
      'Requires a DPoP proof (RFC 9449), signed with ES256, EdDSA, Ed25519, RS256, PS256.',
  }
  const description =
    'Tokens that are bound to a client certificate require that certificate (RFC 8705).'

  test.each<readonly [options: Partial<ResourceServerOptions>, schemes: object]>([
    [{ publicUrl }, { accessToken, dpopAccessToken }],
    [{ publicUrl, dpop: 'off' }, { accessToken }],
    [{ publicUrl, dpop: 'required' }, { dpopAccessToken }],
    [{ mtls: { from: 'socket' } }, { accessToken: { ...accessToken, description } }],
    [
      { publicUrl, mtls: { from: 'socket' } },
      { accessToken: { ...accessToken, description }, dpopAccessToken },
    ],
  ])('have their security schemes with %j', (options, schemes) => {
    expect(api(options).securitySchemes).toStrictEqual(schemes)
  })

  test('are an alternative of each scheme', () => {
    const { guards, security } = api({ publicUrl, optional: true })
    expect(security(guards.requireAnyScope('a', 'b'))).toEqual([
      { accessToken: ['a'] },
      { accessToken: ['b'] },
      { dpopAccessToken: ['a'] },
      { dpopAccessToken: ['b'] },
    ])
    expect(security(guards.requireAudience('order-service'))).toEqual([
      { accessToken: [] },
      { dpopAccessToken: [] },
      {},
    ])
  })
})

test('a guard without scopes requires a token', () => {
  const { guards, security } = api()
  expect(security(guards.requireAudience('order-service'))).toEqual([{ accessToken: [] }])
  expect(security(guards.requireActor('user-service'))).toEqual([{ accessToken: [] }])
})

test('all scopes of a route are listed, without duplicates', () => {
  const { guards, security } = api()
  const route = [guards.requireScope('b', 'a'), guards.requireScope('a', 'c')] as const
  expect(security(...route)).toEqual([{ accessToken: ['b', 'a', 'c'] }])
})

test('requireAnyScope has one alternative for each scope', () => {
  const { guards, security } = api()
  const route = [guards.requireScope('a'), guards.requireAnyScope('b', 'c')] as const
  expect(security(...route)).toEqual([{ accessToken: ['a', 'b'] }, { accessToken: ['a', 'c'] }])
})

test('anonymous requests are an alternative if every guard admits them', () => {
  const { guards, security } = api({ optional: true })
  const audience = guards.requireAudience('order-service')
  expect(security(audience)).toEqual([{ accessToken: [] }, {}])
  expect(security(audience, guards.requireScope('a'))).toEqual([{ accessToken: ['a'] }])
})

test.each([
  ['no guard', []],
  ['a handler that is not a guard', [() => {}]],
  ['a guard of another instance', [api().guards.requireScope('a')]],
  ['undefined', [undefined]],
])('security throws a ConfigError for %s', (_what, handlers) => {
  const { security } = api()
  expect(() => security(...(handlers as [() => void]))).toThrow(
    new ConfigError(
      'openapi.security needs at least one guard, and accepts only guards of this resource server.',
      "Pass the values that its requireAudience('…'), requireScope('…') and other factories return.",
    ),
  )
})
