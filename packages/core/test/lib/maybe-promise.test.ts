import { describe, expect, test } from 'vitest'
import { andThen } from '../../src/lib/maybe-promise.ts'

const fault = new Error('a fault')
const double = (value: number): number => value * 2
const fail = (): never => {
  throw fault
}

describe('what is here already', () => {
  test('is used at once', () => {
    expect(andThen(21, double)).toBe(42)
  })

  test('throws at once what its use throws', () => {
    expect(() => andThen(21, fail)).toThrow(fault)
  })
})

describe('what is to come', () => {
  test('is used when it comes', async () => {
    const later = andThen(Promise.resolve(21), double)
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toBe(42)
  })

  test('rejects with what its use throws', async () => {
    await expect(andThen(Promise.resolve(21), fail)).rejects.toBe(fault)
  })
})
