import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import { ConfigError } from '../../src/index.ts'
import { createGateHarness, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

describe('creating a guard throws a ConfigError', () => {
  const { guards } = createGateHarness(optionsFor(issuer))
  /** The guards without their types, as JavaScript code sees them. */
  const untyped = guards as unknown as Record<keyof typeof guards, (...args: unknown[]) => Guard>

  const invalidArguments: Partial<Record<keyof typeof guards, readonly (readonly unknown[])[]>> = {
    requireAudience: [[], [''], [undefined], [[]], [/x/], [{}], ['a', 'b']],
    requireAuthentication: [[{}], [undefined], ['a']],
    requireScope: [[], [''], ['a b'], ['a', ''], [undefined], [['a']], ['a"b'], ['ä'], [1], [null]],
    requireAnyScope: [
      [],
      [''],
      ['a b'],
      ['a', ''],
      [undefined],
      [['a']],
      ['a"b'],
      ['ä'],
      [1],
      [null],
    ],
    requireRole: [[], ['editor']],
    requirePermission: [[], ['orders:write']],
    requireActor: [
      [],
      [[]],
      [''],
      [undefined],
      [null],
      [1],
      [{}],
      [{ sub: 'a' }],
      [{ iss: 'a' }],
      [{ iss: '', sub: 'a' }],
      [{ iss: 'a', sub: 1 }],
      [{ iss: 'a', sub: 'b', act: {} }],
      [['a', '']],
    ],
    requireDirect: [[true], [undefined]],
    requireDelegated: [[true], [undefined]],
    requireClient: [[], [''], [undefined], [['a']], [1]],
    requireClaim: [
      [],
      [''],
      [1],
      ['act'],
      ['act', () => true],
      ['a', undefined],
      ['a', null],
      ['a', []],
      ['a', {}],
      ['a', [{}]],
      ['a', 'b', 'c'],
    ],
    requirePolicy: [[], [true], [undefined], [Promise.resolve(true)], [() => true, () => true]],
    requireStepUp: [
      [],
      [undefined],
      [null],
      ['mfa'],
      [{}],
      [{ acr: undefined }],
      [{ acr: '' }],
      [{ acr: [] }],
      [{ acr: 'a b' }],
      [{ acr: 'a"' }],
      [{ maxAge: -1 }],
      [{ maxAge: NaN }],
      [{ maxAge: 0.5 }],
      [{ maxAge: Infinity }],
      [{ maxAge: '60' }],
      [{ acr: 'a', maxage: 1 }],
    ],
  }
  const cases = Object.entries(invalidArguments).flatMap(([name, lists]) =>
    lists.map((args) => [name as keyof typeof guards, args] as const),
  )

  test.each(cases)('%s with the arguments %o', (name, args) => {
    expect(() => untyped[name](...args)).toThrow(ConfigError)
  })

  test.each([
    ['requireAudience', 1],
    ['requireAuthentication', 0],
    ['requireDirect', 0],
    ['requireDelegated', 0],
    ['requireClaim', 2],
    ['requirePolicy', 1],
    ['requireStepUp', 1],
  ] as const)('%s with more than %i arguments', (name, count) => {
    const more = Array.from({ length: count + 1 }, () => 'a')
    expect(() => untyped[name](...more)).toThrow(
      new ConfigError(
        `${name} got too many arguments: ${count + 1}, expected at most ${count}.`,
        'Call it, as in app.use(requireAuthentication()), and pass several values as an array.',
      ),
    )
  })

  test.each(Object.keys(guards) as (keyof typeof guards)[])(
    '%s used as a middleware, without calling it first',
    (name) => {
      const asMiddleware = (): unknown => untyped[name]({}, {}, () => {})
      expect(asMiddleware).toThrow(ConfigError)
    },
  )

  const node = { rawHeaders: [], headers: {} }
  const hostRequests: readonly (readonly [string, object])[] = [
    ['a Node request', node],
    ['a Koa context', { req: node, res: {}, app: {}, state: {} }],
    ['a Fastify request', { raw: node, routeOptions: {} }],
    ['a Fetch Request', new Request('https://orders.example.com')],
  ]
  test.each(
    Object.keys(guards).flatMap((name) =>
      hostRequests.map(([host, request]) => [name as keyof typeof guards, host, request] as const),
    ),
  )('%s that is called with %s: the message says to call it first', (name, host, request) => {
    expect(() => untyped[name](request, {}, () => {})).toThrow(
      `${name} was passed as a guard without being called: it got ${host}. Call it: ${name}(`,
    )
  })
})
