import { describe, expect, test } from 'vitest'
import { startActing } from './acting.ts'
import { judgeFor } from '../support.ts'

const { issuer, sign, signText } = await startActing()
const judge = judgeFor(issuer)

/** `{ sub: 'a', act: { sub: 'b', … } }`, written without recursion. */
const nested = (levels: number): string =>
  '{"sub":"a","act":'.repeat(levels - 1) + '{"sub":"a"}' + '}'.repeat(levels - 1)

describe('an act that is malformed refuses the token', () => {
  test.each<readonly [string, unknown]>([
    ['a list', [{ sub: 'a' }]],
    ['null', null],
    ['true', true],
    ['a number', 1],
    ['a string', 'a'],
    ['a string of JSON', '{"sub":"a"}'],
    ['another JWT', 'e30.e30.e30'],
    ['empty', {}],
    ['without sub', { iss: 'https://as.example' }],
    ['with a client and without sub', { client_id: 'a' }],
    ['like a list', { 0: { sub: 'a' }, length: 1 }],
    ['with an empty sub', { sub: '' }],
    ['with a list as sub', { sub: ['a'] }],
    ['with a number as sub', { sub: 42 }],
    ['with a list as iss', { sub: 'a', iss: ['x'] }],
    ['with an empty iss', { sub: 'a', iss: '' }],
    ['with null as iss', { sub: 'a', iss: null }],
    ['with an object as client_id', { sub: 'a', client_id: {} }],
    [
      'with 500 members',
      Object.fromEntries([['sub', 'a'], ...Array.from({ length: 499 }, (_, n) => [`m${n}`, 1])]),
    ],
    [
      'with 17 members',
      Object.fromEntries([['sub', 'a'], ...Array.from({ length: 16 }, (_, n) => [`m${n}`, 1])]),
    ],
    ['with a long member', { sub: 'a', note: 'x'.repeat(1025) }],
    ['with a long sub', { sub: 'x'.repeat(1025) }],
    ['with a large list', { sub: 'a', list: Array.from({ length: 600 }, () => 1) }],
    ['with a string inside', { sub: 'a', act: 'b' }],
    ['with null inside', { sub: 'a', act: null }],
    ['with one without sub inside', { sub: 'a', act: { iss: 'https://as.example' } }],
    [
      'with a bad one three levels down',
      { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: [] } } },
    ],
  ])('%s', async (_what, act) => {
    expect(await judge(sign({ act }), { maxTokenBytes: 65_536 })).toBe('actor_malformed')
  })

  test.each<readonly [string, unknown]>([
    [
      '16 members',
      Object.fromEntries([['sub', 'a'], ...Array.from({ length: 15 }, (_, n) => [`m${n}`, 1])]),
    ],
    ['a member of 1024 characters', { sub: 'a', note: 'x'.repeat(1024) }],
    ['exp in the past', { sub: 'a', exp: 1 }],
    ['nbf in the future', { sub: 'a', nbf: 253402300799 }],
    ['another audience', { sub: 'a', aud: 'elsewhere' }],
    ['a key binding', { sub: 'a', cnf: { jkt: 'x' } }],
    ['another issuer', { sub: 'a', iss: 'https://elsewhere.example' }],
    ['the subject itself', { sub: 'user-42' }],
    [
      'the same one over and over',
      { sub: 'a', act: { sub: 'b', act: { sub: 'a', act: { sub: 'b' } } } },
    ],
  ])('and a good one does not: %s', async (_what, act) => {
    expect(await judge(sign({ act }))).toBe('granted')
  })

  test('a claim that is spelled otherwise is none', async () => {
    expect(await judge(sign({ Act: 'x', ACT: null }), { delegation: 'direct' })).toBe('granted')
  })

  test('two of them are not JSON as we take it', async () => {
    expect(await judge(signText('{"sub":"a"}', ',"act":{"sub":"b"}'))).toBe('payload_malformed')
  })

  test.each<readonly [string, unknown]>([
    ['a string', 'x'],
    ['a list', []],
    ['null', null],
    ['empty', {}],
    ['a bad sub', { sub: 1 }],
  ])('so does may_act: %s', async (_what, mayAct) => {
    expect(await judge(sign({ may_act: mayAct }))).toBe('actor_malformed')
  })
})

describe('a chain that is deep', () => {
  test('is taken up to 8 actors, or as configured', async () => {
    expect(await judge(signText(nested(8)))).toBe('granted')
    expect(await judge(signText(nested(9)))).toBe('actor_chain_too_long')
    expect(await judge(signText(nested(2)), { maxActorDepth: 1 })).toBe('actor_chain_too_long')
  })

  // V8 parses them, and dies of the recursion when somebody copies or prints what it parsed.
  test.each([600, 50_000])('of %i is refused before anything recursive sees it', async (levels) => {
    const token = signText('{"act":'.repeat(levels) + '{}' + '}'.repeat(levels))
    const parsed: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    )
    if (levels > 10_000) expect(() => JSON.stringify(parsed)).toThrow(RangeError)
    expect(await judge(token, { maxTokenBytes: 1e6 })).toBe('payload_malformed')
  })
})
