import { expect, test } from 'vitest'
import { isEqual } from '../../src/lib/equal.ts'

test.each([
  ['', '', true],
  ['abc', 'abc', true],
  ['abc', 'abd', false],
  ['abc', 'xbc', false],
  ['abc', 'abcd', false],
  ['\u0100', '\u0000', false],
])('isEqual of %j and %j: %s', (one, other, expected) => {
  expect(isEqual(one, other)).toBe(expected)
})
