import { expect, test } from 'vitest'
import { type AcceptedIssuer, IssuerPool } from '../../src/verify/issuer-pool.ts'

interface Harness {
  readonly pool: IssuerPool
  readonly add: (...names: string[]) => void
  readonly get: (name: string) => AcceptedIssuer
  readonly active: () => readonly string[]
  /** What was called on the key sources, such as `pause a`. */
  readonly calls: string[]
}

function createHarness(max: number): Harness {
  const pool = new IssuerPool(max)
  const calls: string[] = []
  const add = (name: string): void => {
    const source = {
      pause: () => calls.push(`pause ${name}`),
      close: () => calls.push(`close ${name}`),
    }
    const issuer = { issuer: name }
    pool.add({ issuer, source, resolvedAt: 0, waiting: 0, isVerified: false } as never)
  }
  return {
    pool,
    calls,
    add: (...names) => names.forEach((name) => add(name)),
    get: (name) => pool.get(name)!,
    active: () => pool.active.map(({ issuer }) => issuer.issuer).toSorted(),
  }
}

test('pauses the least recently used issuer', () => {
  const { pool, add, get, active, calls } = createHarness(2)
  add('a', 'b')
  pool.use(get('a'))
  add('c')
  expect(active()).toEqual(['a', 'c'])
  expect(calls).toEqual(['pause b'])
})

test('an issuer with a verified token outlives issuers without one', () => {
  const { pool, add, get, active } = createHarness(2)
  add('a')
  pool.recordVerified(get('a'))
  add('b', 'c', 'd')
  expect(active()).toEqual(['a', 'd'])
  expect(get('a').isVerified).toBe(true)
})

test('does not pause an issuer that tokens are waiting for', () => {
  const { pool, add, get, active } = createHarness(2)
  add('a', 'b')
  get('a').waiting = 1
  expect(pool.hasRoom()).toBe(true)
  add('c')
  expect(active()).toEqual(['a', 'c'])
  get('c').waiting = 1
  expect(pool.hasRoom()).toBe(false)
})

test('a paused issuer is kept, and active again after its next use', () => {
  const { pool, add, get, active, calls } = createHarness(1)
  add('a')
  pool.recordVerified(get('a'))
  const first = get('a')
  add('b')
  expect(active()).toEqual(['b'])
  expect(pool.get('a')).toBe(first)
  pool.use(first)
  expect(active()).toEqual(['a'])
  expect(calls).toEqual(['pause a', 'pause b'])
})

test('the use of an active issuer pauses no other one, even if there are too many', () => {
  const { pool, add, get, active } = createHarness(1)
  add('a', 'b')
  get('b').waiting = 1
  pool.use(get('a'))
  get('b').waiting = 0
  expect(active()).toEqual(['a', 'b'])
  pool.use(get('a'))
  expect(active()).toEqual(['a', 'b'])
})

test('a signature that is verified late activates neither a paused nor a removed issuer', () => {
  const { pool, add, get, active } = createHarness(1)
  add('a')
  const paused = get('a')
  pool.recordVerified(paused)
  add('b')
  pool.recordVerified(paused)
  expect(active()).toEqual(['b'])
  const removed = get('b')
  pool.delete('b')
  pool.recordVerified(removed)
  expect(active()).toEqual([])
})

test('closes the oldest paused issuer if there are more than ten for each active one', () => {
  const { pool, add, calls } = createHarness(1)
  add('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l')
  expect(pool.get('a')).toBeUndefined()
  expect(pool.get('b')).toBeDefined()
  expect(calls.filter((call) => call.startsWith('close'))).toEqual(['close a'])
})

test('delete() and close() close key sources, even paused ones', () => {
  const { pool, add, calls } = createHarness(1)
  add('a', 'b', 'c')
  pool.delete('a')
  pool.delete('unknown')
  pool.close()
  expect(calls.slice(2)).toEqual(['close a', 'close c', 'close b'])
})
