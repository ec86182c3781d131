import { expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError } from '../../src/index.ts'
import { optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

/** Handlers as a host makes them: functions, which say nothing of their guards. */
function api(options: { readonly optional?: boolean } = {}) {
  const gate = createGate({ ...optionsFor(issuer), ...options })
  const guards = gate.guards(() => () => {})
  return { guards, ...gate.openapi<() => void>() }
}

test('the scheme is a bearer token', () => {
  expect(api().securitySchemes).toEqual({
    accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  })
})

test('a guard without scopes asks for a token', () => {
  const { guards, security } = api()
  expect(security(guards.requireAudience('order-service'))).toEqual([{ accessToken: [] }])
  expect(security(guards.requireActor('user-service'))).toEqual([{ accessToken: [] }])
})

test('all scopes of a route are named, once each', () => {
  const { guards, security } = api()
  const route = [guards.requireScope('b', 'a'), guards.requireScope('a', 'c')] as const
  expect(security(...route)).toEqual([{ accessToken: ['b', 'a', 'c'] }])
})

test('one of several scopes is one of several ways in', () => {
  const { guards, security } = api()
  const route = [guards.requireScope('a'), guards.requireAnyScope('b', 'c')] as const
  expect(security(...route)).toEqual([{ accessToken: ['a', 'b'] }, { accessToken: ['a', 'c'] }])
})

test('anonymous is a way in where every guard lets it', () => {
  const { guards, security } = api({ optional: true })
  const audience = guards.requireAudience('order-service')
  expect(security(audience)).toEqual([{ accessToken: [] }, {}])
  expect(security(audience, guards.requireScope('a'))).toEqual([{ accessToken: ['a'] }])
})

test.each([
  ['nothing', []],
  ['a handler that is no guard', [() => {}]],
  ["another instance's guard", [api().guards.requireScope('a')]],
  ['undefined', [undefined]],
])('%s is an error and not an open route', (_what, handlers) => {
  const { security } = api()
  expect(() => security(...(handlers as [() => void]))).toThrow(
    new ConfigError(
      'openapi.security got something that is no guard of this resource server.',
      "Hand over what its requireAudience('…'), requireScope('…') and others returned.",
    ),
  )
})
