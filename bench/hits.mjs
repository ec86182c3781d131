// (e) Hit rates of the token cache and of other policies. Counts only, so the results are the same on any machine.
import { createHash } from 'node:crypto'
import { policies } from './lib/policies.mjs'

/** @typedef {import('./lib/policies.mjs').Cache} Cache */

const size = 1000
const accesses = 60_000

/** A random number generator with a seed: mulberry32. */
function randomFrom(/** @type {number} */ seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The digest of the token with this number. @type {(token: number) => string} */
const keyOf = (token) => createHash('sha256').update(String(token)).digest('base64')

/** @type {(count: number) => (at: number) => number} */
const cyclic = (count) => (at) => at % count

/** @type {(count: number) => () => number} */
function uniform(count) {
  const random = randomFrom(1)
  return () => Math.floor(random() * count)
}

/** The token at rank r is used in proportion to r to the power of -0.9. @type {(count: number) => () => number} */
function zipf(count) {
  const random = randomFrom(2)
  /** @type {number[]} */
  const sums = []
  let sum = 0
  for (let rank = 1; rank <= count; rank += 1) sums.push((sum += rank ** -0.9))
  return () => {
    const point = random() * sum
    return sums.findIndex((upTo) => point < upTo)
  }
}

/** Active tokens that are replaced after this many uses. @type {(count: number, uses: number) => () => number} */
function replaced(count, uses) {
  const random = randomFrom(3)
  const active = Array.from({ length: count }, (_, at) => at)
  let next = count
  return () => {
    const slot = Math.floor(random() * count)
    if (random() < 1 / uses) active[slot] = next++
    return active[slot] ?? 0
  }
}

/** @type {Record<string, () => (at: number) => number>} */
const patterns = {
  '1,000 tokens, cyclic': () => cyclic(1000),
  '1,000 tokens, uniform': () => uniform(1000),
  '1,000 tokens, Zipf': () => zipf(1000),
  '1,200 tokens, cyclic': () => cyclic(1200),
  '2,000 tokens, Zipf': () => zipf(2000),
  '10,000 tokens, Zipf': () => zipf(10_000),
  '900 tokens, replaced after 20 uses': () => replaced(900, 20),
  '900 tokens, replaced after 200 uses': () => replaced(900, 200),
}

export function measureHits() {
  const rows = Object.entries(patterns).map(([name, pattern]) =>
    rowOf(name, (cache) => hitRate(cache, pattern())),
  )
  for (const uses of [1, 2, 3]) {
    const name = `left of 1,000 after 4,000 tokens are used ${uses} times`
    rows.push(rowOf(name, (cache) => leftAfterScan(cache, uses)))
  }
  return rows
}

/** @param {string} name @param {(cache: Cache) => number} measure */
function rowOf(name, measure) {
  const rates = Object.entries(policies).map(([policy, make]) => [policy, measure(make(size))])
  return { name, ...Object.fromEntries(rates) }
}

/** @param {Cache} cache @param {string} key */
function use(cache, key) {
  const hit = cache.get(key)
  if (!hit) cache.add(key)
  return hit
}

/** The first quarter warms the cache. @param {Cache} cache @param {(at: number) => number} next */
function hitRate(cache, next) {
  let hits = 0
  for (let at = 0; at < accesses; at += 1) {
    if (use(cache, keyOf(next(at))) && at >= accesses / 4) hits += 1
  }
  return (100 * hits) / (accesses * 0.75)
}

/** @param {Cache} cache @param {number} uses */
function leftAfterScan(cache, uses) {
  const keys = Array.from({ length: size }, (_, at) => keyOf(at))
  for (let round = 0; round < 10; round += 1) for (const key of keys) use(cache, key)
  for (let at = 0; at < 4 * size; at += 1) {
    for (let count = 0; count < uses; count += 1) use(cache, keyOf(size + at))
  }
  return (100 * keys.filter((key) => cache.get(key)).length) / size
}
