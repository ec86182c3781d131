import { describe, expect, test } from 'vitest'
import * as check from '../../src/config/read-option.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// One option at a time: what is taken, and what an operator is told otherwise.

const misuse = (problem: string, fix: string): ConfigError => new ConfigError(problem, fix)

test('an object of options is copied', () => {
  const given = { issuer: 'x' }
  expect(check.record(given, 'options')).toEqual(given)
  expect(check.record(given, 'options')).not.toBe(given)
})

test.each([undefined, null, 'x', 1, true, [], () => {}])('%s is no object', (value) => {
  expect(() => check.record(value, 'options')).toThrow(
    misuse('There is no object of options.', "Write at least { issuer: 'https://…' }."),
  )
})

describe('names', () => {
  const known = ['issuer', 'maxAge']
  test('that are known may have any value but undefined', () => {
    expect(() => check.names({ issuer: null, maxAge: false }, known, 'option')).not.toThrow()
    expect(() => check.names({ issuer: 'x', maxAge: undefined }, known, 'option')).toThrow(
      misuse(
        "'maxAge' is undefined.",
        'Give it a value (is an environment variable missing?) or leave it out.',
      ),
    )
  })

  test.each([
    ['MAXage', "Write 'maxAge'."],
    ['ISSUER', "Write 'issuer'."],
    ['age', 'There are issuer, maxAge.'],
    ['toString', 'There are issuer, maxAge.'],
  ])('%s is unknown', (name, fix) => {
    expect(() => check.names({ issuer: 'x', [name]: 1 }, known, 'option of it')).toThrow(
      misuse(`There is no option of it called '${name}'.`, fix),
    )
  })
})

test('what is left out is the default, whatever objects inherit', () => {
  const none = Object.create({
    ...{ a: 'odd', jwksUri: 1, jwks: 1, clock: 1, keyStore: 1, impliedScopes: 1, refusalBody: 1 },
  }) as Record<string, unknown>
  expect([check.boolean(none, 'a', true), check.boolean(none, 'a', false)]).toEqual([true, false])
  expect(check.number(none, 'a', { min: 1, max: 2, unit: 'apples' })).toBeUndefined()
  expect(check.oneOf(none, 'a', ['x', 'y'])).toBe('x')
  expect(check.callable(none, 'a')).toBeUndefined()
  expect(check.quotable(none, 'a')).toBeUndefined()
  expect(check.clock(none)).toBeUndefined()
  expect(check.refusalBody(none)).toBeUndefined()
  expect(check.keySetUrl(none, false)).toBeUndefined()
  expect(check.keySet(none)).toBeUndefined()
  expect(check.keyStore(none)).toBeUndefined()
  expect(check.implications(none)).toEqual([])
})

describe('a boolean', () => {
  test('is taken as it is', () => {
    expect(check.boolean({ a: true }, 'a', false)).toBe(true)
    expect(check.boolean({ a: false }, 'a', true)).toBe(false)
  })

  test.each([undefined, null, 'true', 1])('is not %s', (value) => {
    expect(() => check.boolean({ a: value }, 'a', true)).toThrow(
      misuse("'a' is not a boolean.", 'Write true or false.'),
    )
  })
})

describe('a number', () => {
  const range = { min: 1, max: 10, unit: 'apples' }
  test('is taken within its bounds', () => {
    for (const value of [1, 2.5, 10]) expect(check.number({ a: value }, 'a', range)).toBe(value)
    expect(check.number({ a: 3 }, 'a', { ...range, whole: true })).toBe(3)
  })

  test.each([0.999, 10.001, NaN, '5', null, undefined, [5], 5n])('is not %s', (value) => {
    expect(() => check.number({ a: value }, 'a', range)).toThrow(
      misuse("'a' is not a number from 1 to 10.", 'Give it in apples, as a number.'),
    )
  })

  test.each([0, 11, 2.5, '5', [5]])('of a whole kind is not %s', (value) => {
    expect(() => check.number({ a: value }, 'a', { ...range, whole: true })).toThrow(
      misuse("'a' is not a whole number from 1 to 10.", 'Give it in apples, as a number.'),
    )
  })
})

test('one of several words', () => {
  expect(check.oneOf({ a: 'y' }, 'a', ['x', 'y'])).toBe('y')
  for (const value of ['z', undefined, ['x'], '']) {
    expect(() => check.oneOf({ a: value }, 'a', ['x', 'y'])).toThrow(
      misuse("'a' is none of x, y.", "Write 'x' or leave it out."),
    )
  }
})

test('a function', () => {
  const given = (): void => {}
  expect(check.callable({ a: given }, 'a')).toBe(given)
  for (const value of [undefined, null, {}, 'x']) {
    expect(() => check.callable({ a: value }, 'a')).toThrow(
      misuse("'a' is not a function.", 'Give a function or leave it out.'),
    )
  }
})

describe('a body for refusals', () => {
  const write = (): unknown => ({ contentType: 'text/plain', body: 'no' })

  test('is taken where it can be sent', () => {
    expect(check.refusalBody({ refusalBody: write })).toBe(write)
    expect(check.refusalBody({ refusalBody: write, onRefusal: 'reply' })).toBe(write)
  })

  test('would write nothing where refusals are thrown', () => {
    expect(() => check.refusalBody({ refusalBody: write, onRefusal: 'throw' })).toThrow(
      misuse(
        "'refusalBody' writes nothing where onRefusal is 'throw'.",
        'Write the answer in your error handling, or leave onRefusal out.',
      ),
    )
  })

  test('is tried out', () => {
    expect(() => check.refusalBody({ refusalBody: async () => write() })).toThrow(
      misuse(
        "'refusalBody' threw, or returned no contentType and body that are strings.",
        "Write ({ status, title, detail }) => ({ contentType: 'text/plain', body: detail }); not async.",
      ),
    )
    expect(() => check.refusalBody({ refusalBody: 'no' })).toThrow(
      "'refusalBody' is not a function.",
    )
  })
})

test('a clock', () => {
  const whole = { now: () => 0, monotonic: () => 0 }
  expect(check.clock({ clock: whole })).toBe(whole)
  const half = [{ now: whole.now }, { monotonic: whole.monotonic }, { now: 0, monotonic: 0 }]
  for (const clock of [undefined, null, 1, ...half, { ...whole, now: 1 }]) {
    expect(() => check.clock({ clock })).toThrow(
      misuse("'clock' lacks now() or monotonic().", 'Give both, each returning milliseconds.'),
    )
  }
})

test('a line of ASCII', () => {
  for (const line of ['api', ' ', 'a "b" ~'])
    expect(check.quotable({ realm: line }, 'realm')).toBe(line)
  for (const realm of ['', 'a\n', '\na', 'a\x7f', 'ä', 1, null, ['a']]) {
    expect(() => check.quotable({ realm }, 'realm')).toThrow(
      misuse("'realm' is not a line of ASCII.", 'Use letters, digits and spaces.'),
    )
  }
})
