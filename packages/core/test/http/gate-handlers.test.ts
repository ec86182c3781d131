import { describe, expect, test, vi } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { warnings } from '../../src/lib/warning-limiter.ts'
import { ConfigError, type Guards, type ResourceServerOptions } from '../../src/index.ts'

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
  guards.requireAuthentication()
  expect(document()).not.toHaveProperty('scopes_supported')
  guards.requireScope('b', 'a')
  guards.requireAnyScope('a', 'c')
  expect(document().scopes_supported).toEqual(['a', 'b', 'c'])
})

test('the metadata is refused for a host that passed the function as a handler', () => {
  expect(() => createGate(options).metadata(new Request('https://api.example.com'))).toThrow(
    'metadata was passed as a handler without being called: it got a Fetch Request.',
  )
})

describe('a host that does not expose the connection of its requests', () => {
  const create = (mtls: NonNullable<ResourceServerOptions['mtls']>) => () =>
    createGate({ ...options, mtls }, { exposesConnection: false })

  test.each(['socket', 'header'] as const)('cannot have mtls from the %s', (from) => {
    const mtls =
      from === 'socket' ? { from } : { from, format: 'rfc9440' as const, peers: ['10.0.0.5'] }
    expect(create(mtls)).toThrow(
      new ConfigError(
        `'mtls' has from: '${from}', but Fetch API requests do not expose their connection.`,
        "Use an adapter for a Node framework, or mtls: { checkedBy: 'gateway' } if a gateway compares the certificate.",
      ),
    )
    expect(() => createGate({ ...options, mtls })).not.toThrow()
  })

  test('can have a gateway that compares the certificate, or no mtls', () => {
    expect(create({ checkedBy: 'gateway' })).not.toThrow()
    expect(() => createGate(options, { exposesConnection: false })).not.toThrow()
  })
})

describe('a warning is printed', () => {
  /** The warnings that this work causes, even if the limit for this minute is reached. */
  function warningsOf(work: () => void): readonly string[] {
    using print = vi.spyOn(warnings, 'print').mockReturnValue(true)
    work()
    return print.mock.calls.map(([message]) => message)
  }

  test.each(['warnings', 'off'] as const)('if no guard was created, with log: %j', (log) => {
    const [unused, used] = [createGate({ ...options, log }), createGate({ ...options, log })]
    used.guards(() => undefined).requireAuthentication()
    const printed = warningsOf(() => {
      for (const gate of [unused, used]) gate.warnIfUnused('Create one.')
    })
    const text = 'A resource server has no guards, so it does not protect any route. Create one.'
    expect(printed).toEqual(log === 'off' ? [] : [text])
  })

  test.each(['warnings', 'off'] as const)('for an error of a handler, with log: %j', (log) => {
    const gate = createGate({ ...options, log })
    const error = new TypeError('it broke')
    const printed = warningsOf(() => {
      for (const thrown of [error, 'a string']) gate.warnOfError(thrown)
    })
    const expected = [
      `A request failed: ${error.stack}`,
      expect.stringMatching(
        /^A request failed: Error: The thrown value is not an Error\.\n/,
      ) as unknown,
    ]
    expect(printed).toEqual(log === 'off' ? [] : expected)
  })
})
