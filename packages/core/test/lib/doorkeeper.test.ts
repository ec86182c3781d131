import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { bitsAt, Doorkeeper } from '../../src/lib/doorkeeper.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('base64')
const digests = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => digest(String(from + at)))

test('the Doorkeeper counts how often it has seen a digest, and continues with 2 after 3', () => {
  const doorkeeper = new Doorkeeper(100)
  for (const one of digests(0, 1000)) {
    const counts = Array.from({ length: 6 }, () => doorkeeper.timesSeen(one))
    expect(counts).toEqual([1, 2, 3, 2, 3, 2])
  }
})

test('the Doorkeeper remembers nearly every one of twice the expected number of digests', () => {
  const doorkeeper = new Doorkeeper(1000)
  for (const one of digests(0, 2000)) doorkeeper.timesSeen(one)
  const again = digests(0, 2000).filter((one) => doorkeeper.timesSeen(one) === 2)
  expect(again.length).toBeGreaterThan(1900)
})

test('the Doorkeeper eventually recognizes each digest of a cycle that is three times too long for it', () => {
  const doorkeeper = new Doorkeeper(2)
  const long = digests(0, 24)
  const recognized = new Set<string>()
  for (let round = 0; round < 100; round += 1) {
    for (const one of long) if (doorkeeper.timesSeen(one) > 1) recognized.add(one)
  }
  expect(recognized.size).toBe(24)
})

test('the Doorkeeper does not confuse 100,000 different digests', () => {
  const doorkeeper = new Doorkeeper(1000)
  expect(digests(0, 100_000).filter((one) => doorkeeper.timesSeen(one) > 1)).toEqual([])
})

test('the Doorkeeper distinguishes digests of ten characters', () => {
  const doorkeeper = new Doorkeeper(100)
  const counts = ['abcdefghij', 'abcdefghmj', 'abcdefghij', 'abcdefghij'].map((one) =>
    doorkeeper.timesSeen(one),
  )
  expect(counts).toEqual([1, 1, 2, 3])
})

test('the Doorkeeper accepts a huge expected number, with bounded memory', () => {
  const doorkeeper = new Doorkeeper(2 ** 40)
  expect([digest('a'), digest('a')].map((one) => doorkeeper.timesSeen(one))).toEqual([1, 2])
})

test('the Doorkeeper tells apart digests that differ only in which slots they may use', () => {
  // For four digests, there are two times eight slots. The lowest bit of the first five characters selects eight.
  const doorkeeper = new Doorkeeper(4)
  const [first, second] = [0, 1].map((bit) =>
    digests(0, 100)
      .map((one) => `${one.slice(0, 5)}abcde`)
      .find((one) => (bitsAt(one, 0) & 1) === bit),
  )
  expect([first!, second!, first!].map((one) => doorkeeper.timesSeen(one))).toEqual([1, 1, 2])
})
