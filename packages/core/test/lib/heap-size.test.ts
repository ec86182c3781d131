import { describe, expect, test } from 'vitest'
import { HeapSize, isIndex } from '../../src/lib/heap-size.ts'

const sizeOf = (json: string): number => new HeapSize().of(JSON.parse(json))

describe('HeapSize.of', () => {
  test.each([
    ['a string', '"abcd"', 32 + 4],
    ['the last character that fits into a byte', '"\u00FF\u00FF"', 32 + 2],
    ['a string with a character of two bytes', '"abc\u0416"', 32 + 8],
    ['an integer', '2147483647', 0],
    ['an integer of more than 32 bits', '2147483648', 16],
    ['a fraction', '1.5', 16],
    ['true', 'true', 0],
    ['null', 'null', 0],
    ['an empty list', '[]', 48],
    ['a list', '[1, null, "a"]', 48 + 3 * 8 + 33],
    ['an empty object', '{}', 56],
    ['an object', '{"ab": "c"}', 56 + 8 + 128 + 128 + 2 + 33],
    ['a member named like an index', '{"30": 1}', 56 + 8 + 128 + 128 + 2 + 300 + 60],
    ['two such members', '{"30": 1, "31": 1}', 56 + 16 + 128 + 2 * (128 + 2) + 300 + 2 * 60],
    ['nested values', '[[{}], "a"]', 48 + 16 + (48 + 8 + 56) + 33],
  ])('returns the bytes of %s', (_what, json, bytes) => {
    expect(sizeOf(json)).toBe(bytes)
  })

  test('counts the names of objects once if they are the same, in the same order', () => {
    const one = sizeOf('{"a": 1, "b": 2}')
    const shape = 128 + 2 * (128 + 1)
    const list = 48 + 16
    expect(sizeOf('[{"a": 1, "b": 2}, {"a": 3, "b": 4}]')).toBe(list + 2 * one - shape)
    expect(sizeOf('[{"a": 1, "b": 2}, {"b": 3, "a": 4}]')).toBe(list + 2 * one)
  })

  test('remembers the names of earlier values, up to 256 combinations', () => {
    const size = new HeapSize()
    const named = (name: string): number => size.of({ [name]: 1 })
    expect([named('a'), named('a')]).toEqual([56 + 8 + 128 + 129, 56 + 8])
    for (let at = 0; at < 255; at += 1) named(`other-${at}`)
    expect(named('a')).toBe(56 + 8)
    named('one-more')
    expect(named('a')).toBe(56 + 8 + 128 + 129)
  })

  test('does not remember names of more than 512 characters', () => {
    const size = new HeapSize()
    const [longest, tooLong] = ['x'.repeat(508), 'x'.repeat(509)]
    for (const name of [longest, tooLong]) size.of({ [name]: 1 })
    expect(size.of({ [longest]: 1 })).toBe(56 + 8)
    expect(size.of({ [tooLong]: 1 })).toBe(56 + 8 + 128 + 128 + 509)
  })
})

test.each([
  ['0', true],
  ['30', true],
  ['4294967295', true],
  ['4294967296', false],
  ['030', false],
  ['-1', false],
  ['1.5', false],
  ['', false],
  ['a1', false],
])('isIndex(%j) is %s', (name, expected) => {
  expect(isIndex(name)).toBe(expected)
})
