import { describe, expect, test } from 'vitest'
import { createDelegationFixture } from './delegation-fixture.ts'
import { outcomeFor } from '../support.ts'

const { issuer, sign, signText } = await createDelegationFixture()
const codeFor = outcomeFor(issuer)

/** `{ sub: 'a', act: { sub: 'a', … } }` as JSON text, built without recursion. */
const nested = (levels: number): string =>
  '{"sub":"a","act":'.repeat(levels - 1) + '{"sub":"a"}' + '}'.repeat(levels - 1)

/** An actor with this number of members. */
const actorWith = (members: number): object =>
  Object.fromEntries([
    ['sub', 'a'],
    ...Array.from({ length: members - 1 }, (_, index) => [`m${index}`, 1]),
  ])

describe('a token with a malformed act', () => {
  test.each<readonly [string, unknown]>([
    ['a list', [{ sub: 'a' }]],
    ['null', null],
    ['true', true],
    ['a number', 1],
    ['a string', 'a'],
    ['a string of JSON', '{"sub":"a"}'],
    ['another JWT', 'e30.e30.e30'],
    ['an empty object', {}],
    ['an object without sub', { iss: 'https://as.example' }],
    ['an object with client_id but without sub', { client_id: 'a' }],
    ['an object that looks like a list', { 0: { sub: 'a' }, length: 1 }],
    ['an actor whose sub is empty', { sub: '' }],
    ['an actor whose sub is a list', { sub: ['a'] }],
    ['an actor whose sub is a number', { sub: 42 }],
    ['an actor whose iss is a list', { sub: 'a', iss: ['x'] }],
    ['an actor whose iss is empty', { sub: 'a', iss: '' }],
    ['an actor whose iss is null', { sub: 'a', iss: null }],
    ['an actor whose client_id is an object', { sub: 'a', client_id: {} }],
    ['an actor with 500 members', actorWith(500)],
    ['an actor with 17 members', actorWith(17)],
    ['an actor with a member of 1025 characters', { sub: 'a', note: 'x'.repeat(1025) }],
    ['an actor whose sub has 1025 characters', { sub: 'x'.repeat(1025) }],
    [
      'an actor with a list of 600 entries',
      { sub: 'a', list: Array.from({ length: 600 }, () => 1) },
    ],
    ['an actor whose nested act is a string', { sub: 'a', act: 'b' }],
    ['an actor whose nested act is null', { sub: 'a', act: null }],
    ['an actor whose nested act has no sub', { sub: 'a', act: { iss: 'https://as.example' } }],
    [
      'an actor whose act is a list three levels down',
      { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: [] } } },
    ],
  ])('is refused: act is %s', async (_what, act) => {
    expect(await codeFor(sign({ act }), { maxTokenBytes: 65_536 })).toBe('actor_malformed')
  })

  test('is refused: two act members in the payload', async () => {
    expect(await codeFor(signText('{"sub":"a"}', ',"act":{"sub":"b"}'))).toBe('payload_malformed')
  })
})

describe('a token with a well-formed act', () => {
  test.each<readonly [string, unknown]>([
    ['16 members', actorWith(16)],
    ['a member of 1024 characters', { sub: 'a', note: 'x'.repeat(1024) }],
    ['exp in the past', { sub: 'a', exp: 1 }],
    ['nbf in the future', { sub: 'a', nbf: 253402300799 }],
    ['another audience', { sub: 'a', aud: 'elsewhere' }],
    ['a key binding', { sub: 'a', cnf: { jkt: 'x' } }],
    ['another issuer', { sub: 'a', iss: 'https://elsewhere.example' }],
    ['the subject of the token', { sub: 'user-42' }],
    [
      'the same actor more than once',
      { sub: 'a', act: { sub: 'b', act: { sub: 'a', act: { sub: 'b' } } } },
    ],
  ])('is granted: act has %s', async (_what, act) => {
    expect(await codeFor(sign({ act }))).toBe('granted')
  })

  test('is granted as direct if act has different capitalization', async () => {
    expect(await codeFor(sign({ Act: 'x', ACT: null }), { delegation: 'direct' })).toBe('granted')
  })
})

describe('a token with a malformed may_act', () => {
  test.each<readonly [string, unknown]>([
    ['a string', 'x'],
    ['a list', []],
    ['null', null],
    ['an empty object', {}],
    ['an object whose sub is a number', { sub: 1 }],
  ])('is refused: may_act is %s', async (_what, mayAct) => {
    expect(await codeFor(sign({ may_act: mayAct }))).toBe('actor_malformed')
  })
})

describe('the depth of an actor chain', () => {
  test('is limited to 8 actors by default, or to maxActorDepth', async () => {
    expect(await codeFor(signText(nested(8)))).toBe('granted')
    expect(await codeFor(signText(nested(9)))).toBe('actor_chain_too_long')
    expect(await codeFor(signText(nested(2)), { maxActorDepth: 1 })).toBe('actor_chain_too_long')
  })

  // V8 can parse such a chain, but copying or printing the result recursively overflows the stack.
  test.each([600, 50_000])(
    'of %i levels is refused before recursive code reads it',
    async (levels) => {
      const token = signText('{"act":'.repeat(levels) + '{}' + '}'.repeat(levels))
      const parsed: unknown = JSON.parse(
        Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
      )
      if (levels > 10_000) expect(() => JSON.stringify(parsed)).toThrow(RangeError)
      expect(await codeFor(token, { maxTokenBytes: 1e6 })).toBe('payload_malformed')
    },
  )
})
