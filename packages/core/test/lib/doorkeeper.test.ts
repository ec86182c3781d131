import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Doorkeeper } from '../../src/lib/doorkeeper.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('base64')
const digests = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => digest(String(from + at)))

test('what was seen just now was seen before', () => {
  const sightings = new Doorkeeper(100)
  for (const one of digests(0, 1000)) {
    expect([sightings.seenBefore(one), sightings.seenBefore(one)]).toEqual([false, true])
  }
})

test('most of what it is made for is told apart', () => {
  const sightings = new Doorkeeper(1000)
  for (const one of digests(0, 1000)) sightings.seenBefore(one)
  const again = digests(0, 1000).filter((one) => sightings.seenBefore(one))
  expect(again.length).toBeGreaterThan(600)
})

test('nothing is taken for another, as good as never', () => {
  const sightings = new Doorkeeper(1000)
  expect(digests(0, 100_000).filter((one) => sightings.seenBefore(one))).toEqual([])
})

test('ten characters are enough of a digest', () => {
  const sightings = new Doorkeeper(100)
  const seen = ['abcdefghij', 'abcdefghik', 'abcdefghij', 'abcdefghij'].map((one) =>
    sightings.seenBefore(one),
  )
  expect(seen).toEqual([false, false, false, true])
})

test('however much is expected, the size has a bound', () => {
  const sightings = new Doorkeeper(2 ** 40)
  expect([digest('a'), digest('a')].map((one) => sightings.seenBefore(one))).toEqual([false, true])
})
