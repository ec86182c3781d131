// Other cache policies, to compare hit rates with that of the token cache. They only simulate: each keeps keys
// without values.
import { importSource } from '../../scripts/source.mjs'

const { Doorkeeper } = await importSource('core/src/lib/doorkeeper.ts')
const { GenerationalMap } = await importSource('core/src/lib/generational-map.ts')
const { S3Fifo } = await importSource('core/src/lib/s3-fifo.ts')

/**
 * @typedef {object} Cache
 * @property {(key: string) => boolean} get whether the key is stored; counts as a use
 * @property {(key: string) => void} add after a miss
 */

/** Stores a key only when it is added for the second time, like the token cache. */
function fromSecondUse(/** @type {number} */ size, /** @type {Cache} */ { get, add }) {
  const doorkeeper = new Doorkeeper(size)
  const addKnown = (/** @type {string} */ key) => {
    if (doorkeeper.timesSeen(key) > 1) add(key)
  }
  return { get, add: addKnown }
}

/** @param {number} size @returns {Cache} */
function generational(size) {
  const map = new GenerationalMap({ entries: size, bytes: Infinity })
  return { get: (key) => map.get(key) !== undefined, add: (key) => map.set(key, true, 1) }
}

/** @param {number} size @returns {Cache} */
function lru(size) {
  /** @type {Set<string>} */
  const keys = new Set()
  const get = (/** @type {string} */ key) => keys.delete(key) && Boolean(keys.add(key))
  const add = (/** @type {string} */ key) => {
    if (keys.size >= size) keys.delete(first(keys))
    keys.add(key)
  }
  return { get, add }
}

/** SIEVE (Zhang et al., NSDI 2024). @param {number} size @returns {Cache} */
function sieve(size) {
  /** @type {Map<string, boolean>} */
  const visited = new Map()
  /** From old to new. @type {string[]} */
  const queue = []
  let hand = 0
  const get = (/** @type {string} */ key) => visited.has(key) && Boolean(visited.set(key, true))
  const add = (/** @type {string} */ key) => {
    while (queue.length >= size) {
      hand %= queue.length
      const found = queue[hand] ?? ''
      if (visited.get(found)) {
        visited.set(found, false)
        hand += 1
      } else {
        visited.delete(found)
        queue.splice(hand, 1)
      }
    }
    queue.push(key)
    visited.set(key, false)
  }
  return { get, add }
}

/** S3-FIFO as published, with a tenth for the small queue. @param {number} size @returns {Cache} */
function s3fifo(size) {
  /** @type {Map<string, number>} */
  const small = new Map()
  /** @type {Map<string, number>} */
  const main = new Map()
  /** @type {Set<string>} */
  const ghosts = new Set()
  const forMain = Math.floor(size * 0.9)
  const evictMain = () => {
    for (const [key, uses] of main) {
      main.delete(key)
      if (uses === 0) return
      main.set(key, uses - 1)
    }
  }
  const evict = () => {
    if (small.size < size - forMain) return evictMain()
    for (const [key, uses] of small) {
      small.delete(key)
      if (uses < 2) {
        ghosts.add(key)
        if (ghosts.size > forMain) ghosts.delete(first(ghosts))
        return
      }
      main.set(key, 0)
      if (main.size > forMain) return evictMain()
    }
  }
  const get = (/** @type {string} */ key) => {
    const queue = small.has(key) ? small : main
    const uses = queue.get(key)
    if (uses !== undefined) queue.set(key, Math.min(3, uses + 1))
    return uses !== undefined
  }
  const add = (/** @type {string} */ key) => {
    while (small.size + main.size >= size) evict()
    const queue = ghosts.delete(key) ? main : small
    queue.set(key, 0)
  }
  return { get, add }
}

/**
 * W-TinyLFU (Einziger et al., 2017): a window of a hundredth, two segments, and exact counts instead of a sketch.
 *
 * @param {number} size
 * @returns {Cache}
 */
function tinyLfu(size) {
  const [window, probation, hot] = [lruOf(), lruOf(), lruOf()]
  const forWindow = Math.max(1, Math.floor(size / 100))
  const forMain = size - forWindow
  /** @type {Map<string, number>} */
  let counts = new Map()
  let samples = 0
  const countOf = (/** @type {string} */ key) => counts.get(key) ?? 0
  const count = (/** @type {string} */ key) => {
    counts.set(key, Math.min(15, countOf(key) + 1))
    samples += 1
    if (samples < 10 * size) return
    samples /= 2
    counts = new Map([...counts].map(([each, uses]) => [each, uses >> 1]))
  }
  const get = (/** @type {string} */ key) => {
    count(key)
    if (window.delete(key)) window.add(key)
    else if (hot.delete(key)) hot.add(key)
    else if (probation.delete(key)) {
      hot.add(key)
      if (hot.size > forMain * 0.8) probation.add(take(hot))
    } else return false
    return true
  }
  const add = (/** @type {string} */ key) => {
    window.add(key)
    if (window.size <= forWindow) return
    const candidate = take(window)
    if (probation.size + hot.size < forMain) {
      probation.add(candidate)
      return
    }
    const segment = probation.size > 0 ? probation : hot
    if (countOf(candidate) <= countOf(first(segment))) return
    take(segment)
    probation.add(candidate)
  }
  return { get, add }
}

/** @returns {Set<string>} */
const lruOf = () => new Set()

/** @param {Iterable<string>} keys */
function first(keys) {
  for (const key of keys) return key
  return ''
}

/** @param {Set<string>} keys */
function take(keys) {
  const key = first(keys)
  keys.delete(key)
  return key
}

/** @param {number} size @returns {Cache} */
function ours(size) {
  const map = new S3Fifo(
    { entries: size, bytes: Infinity },
    () => 1,
    (/** @type {string} */ key) => key,
  )
  return { get: (key) => map.get(key) !== undefined, add: (key) => map.offer(key, true) }
}

/** @type {Record<string, (size: number) => Cache>} */
export const policies = {
  'two generations': (size) => fromSecondUse(size, generational(size)),
  LRU: (size) => fromSecondUse(size, lru(size)),
  SIEVE: (size) => fromSecondUse(size, sieve(size)),
  'S3-FIFO': (size) => fromSecondUse(size, s3fifo(size)),
  'W-TinyLFU': (size) => fromSecondUse(size, tinyLfu(size)),
  ours,
}
