import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { S3Fifo } from '../../src/lib/s3-fifo.ts'

const idOf = (what: number | string): string =>
  createHash('sha256').update(String(what)).digest('base64')
const idsOf = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => idOf(`${what}-${at}`))

/** A map whose values are their own size in bytes. */
const mapOf = (entries: number, bytes: number): S3Fifo<number> =>
  new S3Fifo(
    { entries, bytes },
    (value) => value,
    (id) => id,
  )

/** What the cache of tokens does: look up, and offer what was not found. Returns whether it was found. */
function use(map: S3Fifo<number>, id: string, bytes = 1): boolean {
  if (map.get(id) !== undefined) return true
  map.offer(id, bytes)
  return false
}

/** Uses the ids in the order of `access`. Returns how many were found. */
function useAll(
  map: S3Fifo<number>,
  ids: readonly string[],
  access: Access,
  count: number,
  bytes = 1,
): number {
  let hits = 0
  for (let at = 0; at < count; at += 1) {
    const id = ids[access(at)]
    if (id === undefined) throw new Error('the access pattern exceeds the ids')
    if (use(map, id, bytes)) hits += 1
  }
  return hits
}

/** Stores the value. It is offered twice, because the first offer is only remembered. */
function store(map: S3Fifo<number>, id: string, bytes = 1): void {
  map.offer(id, bytes)
  map.offer(id, bytes)
}

const stored = (map: S3Fifo<number>, ids: readonly string[]): number =>
  ids.filter((id) => map.get(id) !== undefined).length

/** A random number generator with a seed: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Access = (at: number) => number

const cyclic =
  (size: number): Access =>
  (at) =>
    at % size

function uniform(size: number): Access {
  const random = randomFrom(1)
  return () => Math.floor(random() * size)
}

/** The item at rank r is used in proportion to 1 / r. */
function zipf(size: number): Access {
  const random = randomFrom(2)
  const sums: number[] = []
  let sum = 0
  for (let rank = 1; rank <= size; rank += 1) sums.push((sum += 1 / rank))
  return () => {
    const point = random() * sum
    return sums.findIndex((upTo) => point < upTo)
  }
}

describe('S3Fifo, after any sequence of operations', () => {
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom('offer', 'get', 'delete'),
      fc.constantFrom(...idsOf('step', 12)),
      fc.integer({ min: 1, max: 9 }),
    ),
    { maxLength: 300 },
  )

  test('never exceeds its bounds, and returns only the last value that was offered', () => {
    fc.assert(
      fc.property(steps, (walk) => {
        const map = mapOf(5, 60)
        const model = new Map<string, number>()
        for (const [step, id, bytes] of walk) {
          if (step === 'offer') {
            map.offer(id, bytes)
            model.set(id, bytes)
          }
          if (step === 'delete') {
            map.delete(id)
            model.delete(id)
          }
          const found = map.get(id)
          expect(found === undefined || found === model.get(id)).toBe(true)
          expect(map.size).toBeLessThanOrEqual(5)
          expect(map.bytes).toBeLessThanOrEqual(60)
        }
        let bytes = 0
        for (const id of model.keys()) bytes += map.get(id) ?? 0
        expect(map.bytes).toBe(bytes)
      }),
    )
  })

  test('has size and bytes zero when every entry is deleted', () => {
    fc.assert(
      fc.property(steps, (walk) => {
        const map = mapOf(5, 60)
        for (const [step, id, bytes] of walk) {
          if (step === 'offer') map.offer(id, bytes)
          if (step === 'get') map.get(id)
          if (step === 'delete') map.delete(id)
        }
        for (const id of idsOf('step', 12)) map.delete(id)
        expect([map.size, map.bytes]).toEqual([0, 0])
      }),
    )
  })
})

describe('S3Fifo, with a working set as large as the bound', () => {
  const patterns: readonly (readonly [string, (size: number) => Access])[] = [
    ['cyclic', cyclic],
    ['uniform', uniform],
    ['Zipf', zipf],
  ]
  const sizes = [2, 20, 1000, 5000]
  test.each(
    patterns.flatMap(([name, access]) => sizes.map((size) => [name, size, access] as const)),
  )('finds at least 98 of 100 under %s access to %d entries', (_name, size, access) => {
    const map = mapOf(size, 1e9)
    const ids = idsOf('used', size)
    const next = access(size)
    // The first two uses of an entry are never hits.
    useAll(map, ids, cyclic(size), 2 * size)
    useAll(map, ids, next, 8 * size)
    const hits = useAll(map, ids, next, 10 * size)
    expect(hits / (10 * size)).toBeGreaterThanOrEqual(0.98)
  })

  test('finds at least 98 of 100 if the bound is in bytes', () => {
    const map = mapOf(1e6, 100_000)
    const ids = idsOf('used', 1000)
    useAll(map, ids, cyclic(1000), 3000, 100)
    const hits = ids.filter((id) => use(map, id, 100)).length
    expect(hits).toBeGreaterThanOrEqual(980)
  })

  test('finds more than half under cyclic access to a fifth more entries than the bound', () => {
    const map = mapOf(1000, 1e9)
    const ids = idsOf('used', 1200)
    useAll(map, ids, cyclic(1200), 24_000)
    expect(ids.filter((id) => use(map, id)).length).toBeGreaterThan(600)
  })
})

describe('S3Fifo, during a scan of four times as many unknown entries', () => {
  test.each([
    ['entries', 1, 1000, 1e9],
    ['entries', 2, 1000, 1e9],
    ['entries', 3, 1000, 1e9],
    ['bytes', 1, 1e6, 1000],
    ['bytes', 2, 1e6, 1000],
    ['bytes', 3, 1e6, 1000],
  ])(
    'with a bound by %s, keeps 95 of 100 used entries if each unknown one is used %d times',
    (_what, uses, entries, bytes) => {
      const map = mapOf(entries, bytes)
      const ids = idsOf('used', 1000)
      useAll(map, ids, cyclic(1000), 5000)
      for (const id of idsOf('scan', 4000)) {
        for (let count = 0; count < uses; count += 1) use(map, id)
      }
      expect(stored(map, ids)).toBeGreaterThanOrEqual(950)
    },
  )

  test('stores nothing of it if each is used once', () => {
    const map = mapOf(1000, 1e9)
    for (const id of idsOf('scan', 4000)) use(map, id)
    expect([map.size, map.bytes]).toEqual([0, 0])
  })
})

test('S3Fifo replaces a working set that is no longer used', () => {
  const map = mapOf(1000, 1e9)
  for (let at = 0; at < 10_000; at += 1) use(map, idOf(`old-${at % 1000}`))
  const ids = idsOf('new', 1000)
  useAll(map, ids, cyclic(1000), 10_000)
  expect(ids.filter((id) => use(map, id)).length).toBeGreaterThanOrEqual(980)
})

test('S3Fifo finds at least 80% of tokens that are replaced after twenty uses', () => {
  const map = mapOf(1000, 1e9)
  const random = randomFrom(3)
  const active = idsOf('active', 900)
  let hits = 0
  for (let at = 0; at < 60_000; at += 1) {
    const slot = Math.floor(random() * active.length)
    if (random() < 1 / 20) active[slot] = idOf(`later-${at}`)
    hits += useAll(map, active, () => slot, 1)
  }
  // With the second offer stored, 90% would be the most.
  expect(hits / 60_000).toBeGreaterThan(0.8)
})

describe('S3Fifo evicts', () => {
  test('the oldest entry on probation, if none was used', () => {
    const map = mapOf(3, 1e9)
    const [a, b, c, d] = idsOf('id', 4) as [string, string, string, string]
    for (const id of [a, b, c, d]) store(map, id)
    expect([a, b, c, d].map((id) => map.get(id))).toEqual([undefined, 1, 1, 1])
  })

  test('an entry that was used once before one that was used twice', () => {
    const map = mapOf(2, 1e9)
    const [twice, once, later] = idsOf('id', 3) as [string, string, string]
    store(map, twice)
    store(map, once)
    for (const id of [twice, twice, once]) map.get(id)
    store(map, later)
    expect([twice, once, later].map((id) => map.get(id))).toEqual([1, undefined, 1])
  })

  test('a new entry before one that returned after its own eviction', () => {
    const map = mapOf(2, 1e9)
    const [returned, ...others] = idsOf('id', 5) as [string, ...string[]]
    store(map, returned)
    for (const id of others.slice(0, 2)) store(map, id)
    expect(map.get(returned)).toBeUndefined()
    map.offer(returned, 1)
    for (const id of others.slice(2)) store(map, id)
    expect(map.get(returned)).toBe(1)
  })

  test('the oldest entry on probation, if a later one was deleted', () => {
    const map = mapOf(3, 1e9)
    const [a, b, c, d, e] = idsOf('id', 5) as [string, string, string, string, string]
    for (const id of [a, b, c]) store(map, id)
    map.delete(b)
    for (const id of [d, e]) store(map, id)
    expect([a, c, d, e].map((id) => map.get(id))).toEqual([undefined, 1, 1, 1])
  })

  test('from the main queue the entry with the fewest recent uses', () => {
    const map = mapOf(4, 1e9)
    const [a, b, c, d, later] = idsOf('id', 5) as [string, string, string, string, string]
    for (const id of [a, b, c, d]) store(map, id)
    for (const id of [a, b, c, d, a, b, c, d, a, c, d]) map.get(id)
    store(map, later)
    expect([a, b, c, d, later].map((id) => map.get(id))).toEqual([1, undefined, 1, 1, 1])
  })

  test('from the main queue the oldest entry, if none was used', () => {
    const map = mapOf(100, 1e9)
    const ids = idsOf('id', 100)
    // An entry that returns is in the main queue without any use.
    for (const id of ids) {
      store(map, id)
      map.delete(id)
      map.offer(id, 1)
    }
    store(map, idOf('new'))
    expect(ids.map((id) => map.get(id) === undefined).indexOf(true)).toBe(0)
  })

  test('from the main queue the older of two entries, if one was used three times and one more often', () => {
    const map = mapOf(2, 1e9)
    const [often, thrice, later] = idsOf('id', 3) as [string, string, string]
    for (const id of [often, thrice]) store(map, id)
    for (const id of [often, thrice, often, thrice, often, thrice, often, often]) map.get(id)
    store(map, later)
    expect([often, thrice, later].map((id) => map.get(id))).toEqual([undefined, 1, 1])
  })

  test('the entry behind 64 others, if all are used equally', () => {
    const map = mapOf(100, 1e9)
    const ids = idsOf('id', 100)
    for (const id of ids) store(map, id)
    for (const id of [...ids, ...ids]) map.get(id)
    store(map, idOf('new'))
    expect(ids.map((id) => map.get(id) === undefined).indexOf(true)).toBe(64)
  })

  test.each([
    ['entries', 100, 1e9],
    ['bytes', 1e6, 100],
  ])(
    'from the main queue until those on probation exceed three percent of the %s',
    (_what, ...of) => {
      const map = mapOf(...of)
      const ids = idsOf('id', 100)
      for (const id of ids) store(map, id)
      for (const id of [...ids, ...ids]) map.get(id)
      const later = idsOf('new', 10)
      for (const id of later) store(map, id)
      expect([stored(map, ids), stored(map, later)]).toEqual([96, 4])
    },
  )
})

test('S3Fifo does not store a value larger than an eighth of its bytes, and evicts nothing for it', () => {
  const map = mapOf(100, 80)
  for (const id of idsOf('small', 8)) store(map, id, 10)
  store(map, idOf('large'), 11)
  expect([map.size, map.bytes, map.get(idOf('large'))]).toEqual([8, 80, undefined])
})

test('S3Fifo drops the old value if the new one is too large', () => {
  const map = mapOf(100, 80)
  store(map, idOf('a'), 10)
  map.offer(idOf('a'), 11)
  expect([map.size, map.bytes, map.get(idOf('a'))]).toEqual([0, 0, undefined])
})

test('S3Fifo counts an entry once when it is offered again, and keeps it in its queue', () => {
  const map = mapOf(2, 100)
  const [used, other, later] = idsOf('id', 3) as [string, string, string]
  store(map, used, 1)
  for (let uses = 0; uses < 2; uses += 1) map.get(used)
  map.offer(used, 2)
  expect([map.get(used), map.size, map.bytes]).toEqual([2, 1, 2])
  store(map, other)
  store(map, later)
  expect([used, other, later].map((id) => map.get(id))).toEqual([2, undefined, 1])
})

test('S3Fifo evicts as many entries as a larger one needs', () => {
  const map = mapOf(100, 80)
  for (const id of idsOf('small', 40)) store(map, id, 2)
  store(map, idOf('larger'), 10)
  expect([map.size, map.bytes, map.get(idOf('larger'))]).toEqual([36, 80, 10])
})

test('S3Fifo computes a digest only for a string that may be stored', () => {
  const computed: string[] = []
  const digestOf = (text: string): string => {
    computed.push(text)
    return text
  }
  const map = new S3Fifo<number>({ entries: 1000, bytes: 1000 }, (value) => value, digestOf)
  const [one, other] = [idOf('one'), idOf('other')]
  map.offer(one, 1)
  expect(computed).toEqual([])
  map.offer(one, 1)
  expect(computed).toEqual([one])
  expect([map.get(other), map.get(one)]).toEqual([undefined, 1])
  expect(computed).toEqual([one, one])
})
