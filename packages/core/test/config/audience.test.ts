import { expect, test } from 'vitest'
import { audienceOf, audienceRule, checkAudience } from '../../src/config/audience.ts'
import type { Audience } from '../../src/index.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { judgeFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const judge = judgeFor(issuer)

const rows: readonly (readonly [expected: Audience, found: string | string[], meets: boolean])[] = [
  ['orders', 'orders', true],
  ['orders', ['orders'], true],
  ['orders', ['stock', 'orders'], true],
  ['orders', ['orders', 'orders'], true],
  [['orders', 'legacy'], 'legacy', true],
  [['orders', 'legacy'], ['stock', 'legacy'], true],
  ['orders', 'stock', false],
  ['orders', ['stock', 'carts'], false],
  [['orders', 'legacy'], 'stock', false],
  // exact, letter by letter
  ['orders', 'Orders', false],
  ['orders', 'orders ', false],
  ['orders', 'order', false],
  ['orders', 'orders-admin', false],
  ['orders', 'orders,stock', false],
  ['orders', 'stock orders', false],
  ['orders', 'оrders', false],
  ['é', 'e\u0301', false],
  ['https://api.example', 'https://api.example/', false],
  ['https://api.example', 'HTTPS://api.example', false],
  ['https://api.example', 'https://api.example:443', false],
  ['https://api.example', 'https://api.example/orders', false],
  ['.*', 'orders', false],
  ['*', 'orders', false],
  ['orders', '*', false],
  // a name that every object inherits
  ['toString', 'orders', false],
  ['orders', 'constructor', false],
  // nobody else
  [{ only: 'orders' }, 'orders', true],
  [{ only: 'orders' }, ['orders', 'orders'], true],
  [{ only: 'orders' }, ['orders', 'stock'], false],
  [{ only: 'orders' }, 'stock', false],
  [{ only: ['orders', 'legacy'] }, ['orders', 'legacy'], true],
  [{ only: ['orders', 'legacy'] }, ['legacy'], true],
  [{ only: ['orders', 'legacy'] }, ['legacy', 'stock'], false],
]

test.each(rows)('expected %j, found %j: %s', async (audience, found, meets) => {
  const outcome = await judge(issuer.token({ aud: found }), { audience })
  expect(outcome).toBe(meets ? 'granted' : 'audience_mismatch')
})

test('a profile names companions that do not count against only', async () => {
  const profile = {
    ...{ name: 'with-userinfo', types: ['at+jwt'], clientClaims: ['client_id'] },
    ...{ scopeClaims: ['scope'], requiredClaims: [], ignoredAudiences: ['userinfo', 'legacy'] },
  }
  const judgeOnly = (only: string, aud: string[]) =>
    judge(issuer.token({ aud }), { audience: { only }, profile })
  expect(await judgeOnly('orders', ['orders', 'userinfo'])).toBe('granted')
  expect(await judgeOnly('orders', ['orders', 'userinfo', 'stock'])).toBe('audience_mismatch')
  expect(await judgeOnly('orders', ['userinfo'])).toBe('audience_mismatch')
  // A companion that is this service itself counts as this service.
  expect(await judgeOnly('legacy', ['legacy', 'userinfo'])).toBe('granted')
})

const fix =
  "The audience is not a non-empty string or list of them. Give the name of this service, such as 'order-service', a list of its names, or { only: name }."

test.each<readonly [what: string, audience: unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['a number', 1],
  ['an empty string', ''],
  ['white space', ' \t'],
  ['an empty list', []],
  ['a list with an empty name', ['orders', '']],
  ['a list of lists', [['orders']]],
  ['an object', {}],
  ['only nothing', { only: undefined }],
  ['only an empty list', { only: [] }],
  ['only, and something else', { only: 'orders', also: 'stock' }],
  ['only, inherited', Object.assign(Object.create({ only: 'orders' }), { also: 'stock' })],
  ['only, of a function', Object.assign(() => {}, { only: 'orders' })],
])('%s is no audience', (_what, audience) => {
  expect(() => audienceRule(audience)).toThrow(fix)
})

test('a rule has each name once, and cannot be changed', () => {
  const rule = audienceRule(['orders', 'legacy', 'orders'])
  expect(rule).toEqual({ names: ['orders', 'legacy'], exclusive: false })
  expect(audienceRule({ only: 'orders' })).toEqual({ names: ['orders'], exclusive: true })
  expect([rule, rule.names].every((part) => Object.isFrozen(part))).toBe(true)
})

test.each<readonly [expected: Audience, found: readonly string[], reason: string]>([
  ['orders', ['stock'], 'aud is ["stock"]; this route expects one of ["orders"]'],
  [['a', 'b'], [], 'aud is []; this route expects one of ["a","b"]'],
  [{ only: 'a' }, ['a', 'b'], 'aud is ["a","b"]; this route expects only ["a"]'],
  ['a', ['x'.repeat(252)], `aud is ["${'x'.repeat(252)}"]; this route expects one of ["a"]`],
  ['a', ['x'.repeat(253)], `aud is ["${'x'.repeat(253)}"…; this route expects one of ["a"]`],
])('expected %j, found %j: %s', (expected, found, reason) => {
  const refusal = checkAudience(found, audienceRule(expected), defaultProfile)
  expect(refusal).toMatchObject({ code: 'audience_mismatch', reason })
})

test.each<readonly [claims: Record<string, unknown>, audience: readonly unknown[]]>([
  [{ aud: 'orders', resource: 'stock' }, ['stock']],
  [{ aud: ['a', 'b'] }, ['a', 'b']],
  [{ resource: null, aud: 'a' }, [null]],
  [{}, []],
])('the audience of %j, where a profile looks at two claims: %j', (claims, audience) => {
  const profile = { ...defaultProfile, audienceClaims: ['resource', 'aud'] }
  expect(audienceOf(claims, profile)).toEqual(audience)
})

test('the audience is in aud alone by default', () => {
  expect(audienceOf({ resource: 'a', aud: 'b' }, defaultProfile)).toEqual(['b'])
})
