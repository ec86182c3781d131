import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  describeThrown,
  escapeForLog,
  escapeUpTo,
  nameAndCodeOf,
  nameOfThrown,
  quote,
  quoteList,
} from '../../src/lib/quote.ts'

test.each([
  ['a word', 'orders', '"orders"'],
  ['an empty text', '', '""'],
  ['quotes and backslashes', 'a"b\\c', String.raw`"a\"b\\c"`],
  ['control characters of C0', 'a\n\r\u001b[2J\0', String.raw`"a\u000a\u000d\u001b[2J\u0000"`],
  ['control characters of C1', '\u007f\u0085\u009b', String.raw`"\u007f\u0085\u009b"`],
  ['characters that reverse text', '\u202e\u2066', String.raw`"\u202e\u2066"`],
  ['line and paragraph separators', '\u2028\u2029', String.raw`"\u2028\u2029"`],
  ['a letter that looks like another', 'https://\u0430s', String.raw`"https://\u0430s"`],
  ['a surrogate pair', '\u{1f600}', String.raw`"\ud83d\ude00"`],
  ['a lone surrogate', '\ud83d', String.raw`"\ud83d"`],
  ['126 characters', 'x'.repeat(126), `"${'x'.repeat(126)}"`],
  ['127 characters', 'x'.repeat(127), `"${'x'.repeat(123)}"...`],
  ['a very long string', 'x'.repeat(100_000), `"${'x'.repeat(123)}"...`],
  ['21 escapes', '\n'.repeat(21), `"${String.raw`\u000a`.repeat(21)}"`],
  ['22 escapes', '\n'.repeat(22), `"${String.raw`\u000a`.repeat(20)}"...`],
])('quote escapes %s', (_what, value, quoted) => {
  expect(quote(value)).toBe(quoted)
})

test('quote returns at most 128 printable ASCII characters for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (value) => {
      const quoted = quote(value)
      expect(quoted.length).toBeLessThanOrEqual(128)
      expect(quoted).toMatch(
        /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]|\\u[\da-f]{4})*"(?:\.{3})?$/,
      )
      if (!quoted.endsWith('...')) expect(JSON.parse(quoted)).toBe(value)
    }),
  )
})

test('quoteList quotes each value and counts the others', () => {
  expect(quoteList([])).toBe('[]')
  expect(quoteList(['a', 'b"'])).toBe(String.raw`["a", "b\""]`)
  expect(quoteList(['a', 'b', 'c', 'd'], 2)).toBe('["a", "b", and 2 more]')
  expect(quoteList(['1', '2', '3', '4', '5', '6'])).toBe('["1", "2", "3", "4", "5", and 1 more]')
})

test('escapeForLog leaves printable ASCII as it is', () => {
  expect(escapeForLog('a "b"\\\u202e')).toBe('a "b"\\\\u202e'.replace('\\\\', '\\\\'))
})

test.each<readonly [what: string, thrown: unknown, description: string]>([
  ['an error', new TypeError('x is not a function'), 'TypeError: "x is not a function"'],
  ['an error with line breaks', new Error('a\nb'), String.raw`Error: "a\u000ab"`],
  ['a text', 'secret', 'string'],
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
  ['an object', { toString: 1 }, 'object'],
  ['an object that is not an error', { name: 'SECRET', message: 'SECRET' }, 'object'],
  [
    'an error whose message throws',
    Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('y')
      },
    }),
    'object',
  ],
])('describeThrown describes %s', (_what, thrown, description) => {
  expect(describeThrown(thrown)).toBe(description)
})

test('escapeUpTo returns as many whole escapes and characters as fit, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(40), (text, max) => {
      const shown = escapeUpTo(text, max)
      expect(shown.length).toBeLessThanOrEqual(max)
      const units = text.split('').map(escapeForLog)
      const count = units.findIndex((_, at) => units.slice(0, at).join('') === shown)
      if (shown === units.join('')) return
      expect(count).toBeGreaterThanOrEqual(0)
      expect(units.slice(0, count + 1).join('').length).toBeGreaterThan(max)
    }),
  )
})

const coded = (code: unknown) => Object.assign(new TypeError('hunter2'), { code })

test.each<readonly [what: string, thrown: unknown, description: string]>([
  ['an error without a code', new TypeError('hunter2'), 'TypeError'],
  ['an error with a code', coded('ECONNREFUSED'), 'TypeError ECONNREFUSED'],
  ['an error whose code has line breaks', coded('a\nb'), String.raw`TypeError a\u000ab`],
  ['an error with a long code', coded('x'.repeat(65)), `TypeError ${'x'.repeat(64)}`],
  ['an error whose code is a number', coded(7), 'TypeError'],
  [
    'an error whose code throws',
    Object.defineProperty(new Error('hunter2'), 'code', {
      get() {
        throw new Error('hunter2')
      },
    }),
    'Error',
  ],
  ['a text', 'hunter2', 'string'],
  ['an object that is not an error', { code: 'hunter2' }, 'object'],
])('nameAndCodeOf describes %s without its message', (_what, thrown, description) => {
  expect(nameAndCodeOf(thrown)).toBe(description)
})

test.each<readonly [what: string, thrown: unknown, name: string]>([
  ['an error', new TypeError('SECRET'), 'TypeError'],
  [
    'an error whose name has a line break',
    Object.assign(new Error('SECRET'), { name: 'a\nb' }),
    String.raw`a\u000ab`,
  ],
  ['a text', 'SECRET', 'string'],
  ['null', null, 'null'],
  ['an object', { name: 'SECRET' }, 'object'],
  [
    'an error whose name throws',
    Object.defineProperty(new Error('SECRET'), 'name', {
      get() {
        throw new Error('y')
      },
    }),
    'object',
  ],
])('nameOfThrown for %s does not contain its message', (_what, thrown, name) => {
  expect(nameOfThrown(thrown)).toBe(name)
})
