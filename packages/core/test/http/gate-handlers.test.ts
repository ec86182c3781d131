import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import type { Guards } from '../../src/index.ts'

// How the gate finds the guard of a handler that a host created.

const options = {
  issuer: 'https://as.example.com',
  resource: 'https://orders.example.com',
  dpop: 'off',
} as const

/** A gate whose host turns every guard into this handler. */
function gateWith<Handler>(handler: () => Handler) {
  const gate = createGate(options)
  const guards: Guards<Handler> = gate.guards(handler)
  const openapi = gate.openapi<Handler>()
  return { gate, guards, openapi }
}

describe('a handler', () => {
  test.each([() => () => {}, () => ({}), () => []])(
    'that is an object is linked to its guard: %s',
    (make) => {
      const { guards, openapi } = gateWith<object>(make)
      const handler = guards.requireScope('orders:read')
      expect(openapi.security(handler)).toEqual([{ accessToken: ['orders:read'] }])
    },
  )

  test.each([undefined, null, 'name', 7])('that is %s is not linked to a guard', (handler) => {
    const { guards, openapi } = gateWith<unknown>(() => handler)
    expect(guards.requireScope('orders:read')).toBe(handler)
    expect(() => openapi.security(handler)).toThrow(
      expect.objectContaining({ name: 'ConfigError' }),
    )
  })

  test('of another gate is not linked to a guard', () => {
    const [one, other] = [gateWith<object>(() => ({})), gateWith<object>(() => ({}))]
    const handler = one.guards.requireScope('orders:read')
    expect(() => other.openapi.security(handler)).toThrow(
      expect.objectContaining({ name: 'ConfigError' }),
    )
  })
})

test('the metadata lists the scopes of all guards created so far, without duplicates', () => {
  const { gate, guards } = gateWith<object>(() => ({}))
  const { document } = gate.metadata()
  expect(document()).not.toHaveProperty('scopes_supported')
  guards.requireScope('b', 'a')
  guards.requireAnyScope('a', 'c')
  expect(document().scopes_supported).toEqual(['a', 'b', 'c'])
})
