import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors/refusal.ts'
import {
  checkNames,
  kindOf,
  noMoreArguments,
  type OptionTable,
  ownOptions,
  readOptions,
  readRows,
  required,
} from '../../src/options/option-table.ts'
import { booleanOption, numberOption } from '../../src/options/option-rows.ts'

interface Given {
  readonly on?: boolean
  readonly size?: number
  readonly name: string
}

interface Read {
  readonly on: boolean
  readonly size: number
  readonly name: string
}

const text = { defaultText: '', range: '', description: '' }
const table: OptionTable<Given, Read> = {
  on: booleanOption(false, 'Turns it on.'),
  size: numberOption(5, { min: 1, max: 9, unit: 'apples' }, 'How many.'),
  name: {
    ...text,
    default: required,
    read: (value, name, { allowInsecureHttp }) => `${name}=${String(value)} ${allowInsecureHttp}`,
  },
}

describe('readOptions', () => {
  test('fills in the defaults and freezes the result', () => {
    const read = readOptions(table, { name: 'x' }, 'option')
    expect(read).toEqual({ on: false, size: 5, name: 'name=x false' })
    expect(Object.isFrozen(read)).toBe(true)
  })

  test('returns what each row reads, with the context', () => {
    const context = { allowInsecureHttp: true }
    expect(readOptions(table, { on: true, size: 2, name: 'y' }, 'option', context)).toEqual({
      on: true,
      size: 2,
      name: 'name=y true',
    })
  })

  test('reads a required option even if it is absent', () => {
    expect(readOptions(table, {}, 'option')).toMatchObject({ name: 'name=undefined false' })
  })

  test('refuses an option without a row', () => {
    expect(() => readOptions(table, { name: 'x', tone: 1 }, 'cheese option')).toThrow(
      new ConfigError("Unknown cheese option 'tone'.", 'Use one of on, size, name.'),
    )
  })

  test('ignores inherited members', () => {
    const given = Object.create({ on: 'odd', size: 'odd' }) as object
    expect(readOptions(table, given, 'option')).toMatchObject({ on: false, size: 5 })
  })

  test('refuses an option that its row refuses', () => {
    expect(() => readOptions(table, { name: 'x', on: 1 }, 'option')).toThrow(ConfigError)
  })
})

test('readRows ignores options of other tables', () => {
  const options = { name: 'x', other: 1 }
  expect(readRows(table, options, { allowInsecureHttp: false })).toEqual({
    on: false,
    size: 5,
    name: 'name=x false',
  })
})

describe('ownOptions', () => {
  test('copies the object', () => {
    const given = { issuer: 'x' }
    expect(ownOptions(given, 'option')).toEqual(given)
    expect(ownOptions(given, 'option')).not.toBe(given)
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['x', 'a string'],
    [[], 'an array'],
    [() => {}, 'a function'],
  ])('refuses %s', (value, kind) => {
    expect(() => ownOptions(value, 'option')).toThrow(
      new ConfigError(
        `An object of options is required, got ${kind}.`,
        'Pass an object, or leave it out.',
      ),
    )
  })
})

describe('noMoreArguments', () => {
  test('accepts that there are none', () => {
    expect(() => noMoreArguments('hydra(url)', [])).not.toThrow()
  })

  test.each([[[{}]], [[undefined]]])('refuses %j', (more) => {
    expect(() => noMoreArguments('hydra(url)', more)).toThrow(
      new ConfigError(
        'hydra(url) got an argument that it does not accept.',
        'Write hydra(url). Pass options such as audience to resourceServer() or createVerifier().',
      ),
    )
  })
})

describe('checkNames', () => {
  const known = ['issuer', 'maxAge']

  test('accepts known names with any value but undefined', () => {
    expect(() => checkNames({ issuer: null, maxAge: false }, known, 'option')).not.toThrow()
    expect(() => checkNames({ issuer: 'x', maxAge: undefined }, known, 'option')).toThrow(
      new ConfigError(
        "'maxAge' is undefined.",
        'Give it a value (is an environment variable missing?) or leave it out.',
      ),
    )
  })

  test.each([
    ['MAXage', "Did you mean 'maxAge'?"],
    ['maxAges', "Did you mean 'maxAge'?"],
    ['maxge', "Did you mean 'maxAge'?"],
    ['amaxAge', "Did you mean 'maxAge'?"],
    ['isuser', 'Use one of issuer, maxAge.'],
    ['issuar', "Did you mean 'issuer'?"],
    ['issuerss', 'Use one of issuer, maxAge.'],
    ['age', 'Use one of issuer, maxAge.'],
    ['toString', 'Use one of issuer, maxAge.'],
    ['', 'Use one of issuer, maxAge.'],
  ])("refuses '%s'", (name, fix) => {
    expect(() => checkNames({ issuer: 'x', [name]: 1 }, known, 'option')).toThrow(
      new ConfigError(`Unknown option '${name}'.`, fix),
    )
  })
})

test.each([
  [null, 'null'],
  [undefined, 'undefined'],
  [[1], 'an array'],
  [{}, 'an object'],
  ['text', 'a string'],
  [5n, 'a bigint'],
  [Number.NaN, 'a number'],
])('kindOf(%s) is %s', (value, kind) => {
  expect(kindOf(value)).toBe(kind)
})
