import { describe, expect, test } from 'vitest'
import { andThen, isThenable } from '../../src/lib/maybe-promise.ts'

const error = new Error('an error')
const double = (value: number): number => value * 2
const fail = (): never => {
  throw error
}

describe('andThen with a value', () => {
  test('applies the function immediately', () => {
    expect(andThen(21, double)).toBe(42)
  })

  test('throws the error of the function immediately', () => {
    expect(() => andThen(21, fail)).toThrow(error)
  })
})

describe('andThen with a promise', () => {
  test('applies the function when the promise fulfills', async () => {
    const later = andThen(Promise.resolve(21), double)
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toBe(42)
  })

  test('rejects with the error of the function', async () => {
    await expect(andThen(Promise.resolve(21), fail)).rejects.toBe(error)
  })
})

test.each<readonly [what: string, value: unknown, expected: boolean]>([
  ['a promise', Promise.resolve(), true],
  ['an object with a method then', { then: (): void => {} }, true],
  ['an object whose then is not a function', { then: 1 }, false],
  ['an object', {}, false],
  ['null', null, false],
  ['undefined', undefined, false],
  ['true', true, false],
])('isThenable for %s', (_what, value, expected) => {
  expect(isThenable(value)).toBe(expected)
})
