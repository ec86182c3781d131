import { expect, test } from 'vitest'
import type { Audience } from '../src/index.ts'
import { judgeFor, startIssuer } from './support.ts'

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
    ...{ scopeClaims: ['scope'], requiredClaims: [], companionAudiences: ['userinfo', 'legacy'] },
  }
  const judgeOnly = (only: string, aud: string[]) =>
    judge(issuer.token({ aud }), { audience: { only }, profile })
  expect(await judgeOnly('orders', ['orders', 'userinfo'])).toBe('granted')
  expect(await judgeOnly('orders', ['orders', 'userinfo', 'stock'])).toBe('audience_mismatch')
  expect(await judgeOnly('orders', ['userinfo'])).toBe('audience_mismatch')
  // A companion that is this service itself counts as this service.
  expect(await judgeOnly('legacy', ['legacy', 'userinfo'])).toBe('granted')
})
