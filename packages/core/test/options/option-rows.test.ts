import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors/refusal.ts'
import { type Option, required } from '../../src/options/option-table.ts'
import {
  booleanOption,
  choiceOption,
  functionOption,
  textOption,
  numberOption,
} from '../../src/options/option-rows.ts'

const read = <Value>(option: Option<Value>, value: unknown): Value =>
  option.read(value, 'a', { allowInsecureHttp: false })

describe('booleanOption', () => {
  const option = booleanOption(true, 'What it does.')

  test('accepts booleans', () => {
    expect(read(option, true)).toBe(true)
    expect(read(option, false)).toBe(false)
  })

  test.each([
    [null, 'null'],
    ['true', 'a string'],
    [1, 'a number'],
  ])('refuses %j', (value, kind) => {
    expect(() => read(option, value)).toThrow(
      new ConfigError(`'a' must be a boolean, got ${kind}.`, 'Pass true or false.'),
    )
  })

  test('documents itself', () => {
    expect(option).toMatchObject({
      default: true,
      defaultText: '`true`',
      range: '',
      description: 'What it does.',
    })
  })
})

describe('numberOption', () => {
  const option = numberOption(5, { min: 1, max: 10, unit: 'apples' }, 'How many.')
  const whole = numberOption(5, { min: 1, max: 10, unit: 'apples', whole: true }, 'How many.')

  test('accepts numbers within the range', () => {
    for (const value of [1, 2.5, 10]) expect(read(option, value)).toBe(value)
    expect(read(whole, 3)).toBe(3)
  })

  test.each([
    [0.999, '0.999'],
    [10.001, '10.001'],
    [Number.NaN, 'NaN'],
    ['5', 'a string'],
    [null, 'null'],
    [[5], 'an array'],
    [5n, 'a bigint'],
  ])('refuses %s', (value, seen) => {
    expect(() => read(option, value)).toThrow(
      new ConfigError(
        `'a' must be a number from 1 to 10, got ${seen}.`,
        'Pass a number of apples.',
      ),
    )
  })

  test.each([
    [0, '0'],
    [11, '11'],
    [2.5, '2.5'],
    ['5', 'a string'],
  ])('refuses %s for a whole number', (value, seen) => {
    expect(() => read(whole, value)).toThrow(
      new ConfigError(
        `'a' must be a whole number from 1 to 10, got ${seen}.`,
        'Pass a number of apples.',
      ),
    )
  })

  test('documents itself', () => {
    expect(option).toMatchObject({
      default: 5,
      defaultText: '`5`',
      range: '1 to 10 apples',
      description: 'How many.',
    })
    const unlimited = numberOption(undefined, { min: 1, max: 2, unit: 'apples' }, 'How many.')
    expect(unlimited).toMatchObject({ default: undefined, defaultText: 'no limit' })
  })
})

describe('choiceOption', () => {
  const option = choiceOption(['x', 'y'], 'Which one.')

  test('accepts its choices', () => {
    expect(read(option, 'x')).toBe('x')
    expect(read(option, 'y')).toBe('y')
  })

  test.each([['z'], [undefined], [['x']], ['']])('refuses %j', (value) => {
    expect(() => read(option, value)).toThrow(
      new ConfigError(
        "'a' must be one of 'x', 'y'.",
        "Pass 'x', which is the default, or another of these.",
      ),
    )
  })

  test('documents itself; the first choice is the default', () => {
    expect(option).toMatchObject({
      default: 'x',
      defaultText: "`'x'`",
      range: "`'x'`, `'y'`",
      description: 'Which one.',
    })
  })
})

describe('functionOption', () => {
  const otherwise = (): number => 1
  const option = functionOption(otherwise, 'one', 'Counts.')

  test('accepts functions', () => {
    const given = (): number => 2
    expect(read(option, given)).toBe(given)
  })

  test.each([
    [null, 'null'],
    [{}, 'an object'],
    ['x', 'a string'],
  ])('refuses %j', (value, kind) => {
    expect(() => read(option, value)).toThrow(
      new ConfigError(`'a' must be a function, got ${kind}.`, 'Pass a function or leave it out.'),
    )
  })

  test('documents itself', () => {
    expect(option).toMatchObject({
      default: otherwise,
      defaultText: 'one',
      range: '',
      description: 'Counts.',
    })
  })
})

describe('textOption', () => {
  const option = textOption('eu-central-1', 'The region.')

  test('accepts a string, and has no default', () => {
    expect(read(option, 'us-east-1')).toBe('us-east-1')
    expect(option.default).toBe(required)
  })

  test.each([
    [undefined, 'undefined'],
    [1, 'a number'],
    [['us-east-1'], 'an array'],
  ])('refuses %j', (value, got) => {
    expect(() => read(option, value)).toThrow(
      new ConfigError(`'a' must be a string, got ${got}.`, "Pass a string such as 'eu-central-1'."),
    )
  })
  test('documents itself', () => {
    expect(option).toMatchObject({ defaultText: '', range: '', description: 'The region.' })
  })
})
