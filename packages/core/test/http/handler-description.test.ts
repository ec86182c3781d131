import { describe, expect, test } from 'vitest'
import { createGate, descriptionOf } from '../../src/adapter.ts'
import type { ResourceServerOptions } from '../../src/index.ts'

const options = { issuer: 'https://as.example.com', audience: 'a' }
const gateWith = (more: Partial<ResourceServerOptions> = {}) => createGate({ ...options, ...more })
const handlersOf = (gate: ReturnType<typeof gateWith>) => gate.guards(() => (): void => {})

describe('descriptionOf', () => {
  test('returns what a guard requires, and the settings of its resource server', () => {
    const gate = gateWith({
      onRefusal: 'throw',
      allowPreflight: true,
      resource: 'https://orders.example.com/v1',
    })
    expect(descriptionOf(handlersOf(gate).requireScope('a', 'b'))).toEqual({
      kind: 'guard',
      name: 'requireScope(a, b)',
      admitsAnonymous: false,
      setsAudience: false,
      server: {
        issuers: ['https://as.example.com'],
        hasAudience: true,
        optional: false,
        allowPreflight: true,
        onRefusal: 'throw',
        metadataPath: '/.well-known/oauth-protected-resource/v1',
      },
    })
  })

  test.each([
    [{ optional: true }, true],
    [{ optional: false }, false],
  ])('says whether anonymous requests pass with %o', (more, passes) => {
    const { requireAudience, requireAuthentication } = handlersOf(gateWith(more))
    expect(descriptionOf(requireAudience('b'))).toMatchObject({
      admitsAnonymous: passes,
      setsAudience: true,
    })
    expect(descriptionOf(requireAuthentication())).toMatchObject({ admitsAnonymous: false })
  })

  test('says whether an audience is configured for every issuer', () => {
    const hasAudience = (given: ResourceServerOptions): unknown =>
      descriptionOf(handlersOf(createGate(given)).requireDirect())?.server.hasAudience
    expect(hasAudience({ issuer: 'https://as.example.com' })).toBe(false)
    expect(hasAudience({ issuers: [options, 'https://b.example.com'] })).toBe(false)
    expect(hasAudience({ ...options, resolveIssuer: () => undefined })).toBe(false)
  })

  test('tells handlers of two resource servers apart', () => {
    const [one, other] = [handlersOf(gateWith()), handlersOf(gateWith())]
    const [a, b, c] = [one.requireDirect(), one.requireScope('a'), other.requireDirect()]
    expect(descriptionOf(a)?.server).toBe(descriptionOf(b)?.server)
    expect(descriptionOf(a)?.server).not.toBe(descriptionOf(c)?.server)
  })

  test('returns what a host describes as the handler of the metadata', () => {
    const gate = gateWith({ resource: 'https://orders.example.com' })
    const handler = (): void => {}
    expect(gate.metadata().describe(handler)).toBe(handler)
    expect(descriptionOf(handler)).toMatchObject({ kind: 'metadata', name: 'metadata()' })
  })

  test('is found by another copy of this package', () => {
    const symbols = Object.getOwnPropertySymbols(handlersOf(gateWith()).requireDirect())
    expect(symbols).toEqual([Symbol.for('@resource-server/core handler')])
  })

  test('returns nothing for other values, even if they inherit from a guard', () => {
    const guard = handlersOf(gateWith()).requireDirect()
    for (const other of [() => {}, {}, undefined, null, 'x', Object.create(guard)]) {
      expect(descriptionOf(other)).toBeUndefined()
    }
    expect(descriptionOf(Object.setPrototypeOf(() => {}, guard))).toBeUndefined()
  })

  test('returns handlers that are objects or frozen unchanged', () => {
    const [frozen, object] = [Object.freeze((): void => {}), {}]
    expect(
      gateWith()
        .guards(() => frozen)
        .requireDirect(),
    ).toBe(frozen)
    expect(
      gateWith()
        .guards(() => object)
        .requireDirect(),
    ).toBe(object)
    expect(Reflect.ownKeys(object)).toEqual([])
  })

  test('cannot be changed, and is not copied with the members of a handler', () => {
    const guard = handlersOf(gateWith()).requireDirect()
    expect(Object.isFrozen(descriptionOf(guard))).toBe(true)
    expect(Object.isFrozen(descriptionOf(guard)?.server)).toBe(true)
    expect(descriptionOf(Object.assign(() => {}, guard))).toBeUndefined()
  })
})
