import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Doorkeeper } from '../../src/lib/doorkeeper.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('base64')
const digests = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => digest(String(from + at)))

test('the Doorkeeper recognizes a digest that it has just seen', () => {
  const doorkeeper = new Doorkeeper(100)
  for (const one of digests(0, 1000)) {
    expect([doorkeeper.seenBefore(one), doorkeeper.seenBefore(one)]).toEqual([false, true])
  }
})

test('the Doorkeeper remembers most of the expected number of digests', () => {
  const doorkeeper = new Doorkeeper(1000)
  for (const one of digests(0, 1000)) doorkeeper.seenBefore(one)
  const again = digests(0, 1000).filter((one) => doorkeeper.seenBefore(one))
  expect(again.length).toBeGreaterThan(600)
})

test('the Doorkeeper does not confuse 100 000 different digests', () => {
  const doorkeeper = new Doorkeeper(1000)
  expect(digests(0, 100_000).filter((one) => doorkeeper.seenBefore(one))).toEqual([])
})

test('the Doorkeeper distinguishes digests of ten characters', () => {
  const doorkeeper = new Doorkeeper(100)
  const seen = ['abcdefghij', 'abcdefghik', 'abcdefghij', 'abcdefghij'].map((one) =>
    doorkeeper.seenBefore(one),
  )
  expect(seen).toEqual([false, false, false, true])
})

test('the Doorkeeper accepts a huge expected number, with bounded memory', () => {
  const doorkeeper = new Doorkeeper(2 ** 40)
  expect([digest('a'), digest('a')].map((one) => doorkeeper.seenBefore(one))).toEqual([false, true])
})
