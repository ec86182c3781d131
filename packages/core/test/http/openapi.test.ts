import { expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError } from '../../src/index.ts'
import { optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

/** The guards of a host whose handlers are plain functions, and their OpenAPI description. */
function api(options: { readonly optional?: boolean } = {}) {
  const gate = createGate({ ...optionsFor(issuer), ...options })
  const guards = gate.guards(() => () => {})
  return { guards, ...gate.openapi<() => void>() }
}

test('the security scheme is a bearer token', () => {
  expect(api().securitySchemes).toEqual({
    accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
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
      'openapi.security accepts only guards of this resource server, at least one.',
      "Pass the values that its requireAudience('…'), requireScope('…') and other factories return.",
    ),
  )
})
