import { expect, test } from 'vitest'
import { attempt } from '../../src/lib/attempt.ts'

test('attempt() returns what the function returns, and undefined if it throws', () => {
  expect(attempt(() => 1)).toBe(1)
  expect(
    attempt(() => {
      throw new Error('failed')
    }),
  ).toBeUndefined()
})
