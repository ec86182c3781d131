import { describe, expect, test } from 'vitest'
import type { UsedProof } from '../../src/index.ts'
import { ReplayCheck } from '../../src/binding/replay-check.ts'
import { type DpopSettings, readDpop } from '../../src/config/dpop.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { MemoryReplayStore, ReplayStoreUnavailable } from '../../src/binding/replay-store.ts'

const lifetime = 70_000
const start = 1_700_000_000_000

function createStore(maxProofs = 10) {
  const store = new MemoryReplayStore(maxProofs, lifetime, { now: () => start })
  return {
    store,
    use: (id: string, given: Partial<UsedProof> = {}): boolean => {
      const { jkt = id, now = start } = given
      return store.consume({ id, jkt, now, expiresAt: now + lifetime, ...given })
    },
  }
}

describe('the replay store in memory', () => {
  test('accepts each proof once', () => {
    const { use } = createStore()
    expect([use('a'), use('a'), use('b'), use('b')]).toEqual([true, false, true, false])
  })

  test('recognizes a proof that was made again with another time', () => {
    const { use } = createStore()
    expect(use('a')).toBe(true)
    expect(use('a', { expiresAt: start + 1 })).toBe(false)
    expect(use('a', { now: start + 30_000 })).toBe(false)
  })

  test('remembers a proof until it expires, at any time within its lifetime', () => {
    for (let age = 0; age < lifetime; age += 500) {
      const { use } = createStore()
      use('a', { expiresAt: start + lifetime })
      const now = start + age
      expect(use('a', { now, expiresAt: start + lifetime })).toBe(false)
    }
  })

  test('is empty again after the lifetime', () => {
    const { store, use } = createStore()
    use('a')
    use('b')
    expect(use('c', { now: start + 2 * lifetime })).toBe(true)
    expect(store.size).toBe(1)
  })

  test('throws if it is full, and keeps what it has', () => {
    const { use } = createStore(4)
    for (const id of ['a', 'b', 'c', 'd']) expect(use(id)).toBe(true)
    expect(() => use('e')).toThrow(new ReplayStoreUnavailable('the store is full'))
    expect(use('a')).toBe(false)
    expect(use('e', { now: start + 2 * lifetime })).toBe(true)
  })

  test('gives one key at most half of its capacity', () => {
    const { use } = createStore(4)
    expect([use('a', { jkt: 'k' }), use('b', { jkt: 'k' })]).toEqual([true, true])
    expect(() => use('c', { jkt: 'k' })).toThrow('one key has used half of the store')
    expect(use('a', { jkt: 'k' })).toBe(false)
    expect(use('d', { jkt: 'other' })).toBe(true)
    expect(use('c', { jkt: 'k', now: start + 2 * lifetime })).toBe(true)
  })

  test('does not accept a proof again after the clock was moved back', () => {
    const { use } = createStore()
    expect(use('a')).toBe(true)
    expect(use('b', { now: start + 2 * lifetime })).toBe(true)
    expect(use('a', { now: start, expiresAt: start + lifetime })).toBe(false)
  })

  test('does not accept a proof again that expired when its bucket was dropped', () => {
    const { use } = createStore()
    const width = lifetime / 16
    const expiresAt = Math.ceil((start + lifetime) / width) * width
    expect(use('a', { expiresAt })).toBe(true)
    expect(use('b', { now: expiresAt })).toBe(true)
    expect(use('a', { now: start, expiresAt })).toBe(false)
    expect(use('a', { now: start, expiresAt: expiresAt + 1 })).toBe(true)
  })

  test('says since when it has been recording', () => {
    expect(createStore().store.since).toBe(start)
  })

  // Cloudflare Workers.
  test('starts at the first request if the clock was 0 when it was created', () => {
    let now = 0
    const store = new MemoryReplayStore(10, lifetime, { now: () => now })
    now = start
    expect(store.since).toBe(start)
    now += 5000
    expect(store.since).toBe(start)
  })

  test('has a bounded number of buckets to search, whatever it stores', () => {
    const { store, use } = createStore(100_000)
    for (let at = 0; at < 50_000; at += 1) {
      const now = start + at * 3
      use(String(at), { now, expiresAt: now + (at % lifetime) + 1 })
    }
    expect(store.bucketCount).toBeLessThanOrEqual(18)
  })
})

describe('a time, compared with the start of the store', () => {
  const compare = (seconds: number, since: number | undefined): string => {
    const settings = readDpop({ store: { consume: () => true, since } }) as DpopSettings
    return new ReplayCheck({ clock: systemClock, clockTolerance: 5 }, settings).compareWithStart(
      seconds,
    )
  }
  const second = start / 1000

  test.each<readonly [seconds: number, since: number | undefined, expected: string]>([
    [second, undefined, 'after'],
    [second, start, 'after'],
    [second, start + 0.9, 'after'],
    [second, start + 1, 'same second'],
    [second + 0.5, start + 999, 'same second'],
    [second - 0.001, start + 1, 'before'],
    [second, start + 1000, 'before'],
  ])('%d with a store that started at %d is %s', (seconds, since, expected) => {
    expect(compare(seconds, since)).toBe(expected)
  })
})
