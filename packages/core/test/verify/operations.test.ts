import { describe, expect, test } from 'vitest'
import type { KeySource } from '../../src/jwks/key-source.ts'
import { type Operations, operationsOn } from '../../src/verify/operations.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

/** Neither introspection, nor revocation, nor watched tokens. */
const nothingMore = {
  needsKeys: () => true,
  introspection: undefined,
  revocation: undefined,
  watcher: { watch: () => expect.unreachable(), close: () => {} },
}

// Which key sources each operation calls: those of configured issuers, and those of resolved ones.

const statistics = { tokens: 1, bytes: 2, hits: 3, misses: 4 }

interface Harness {
  readonly operations: Operations
  /** The calls of key sources, in order. */
  readonly calls: string[]
}

interface Settings {
  readonly ready?: boolean
  readonly cached?: boolean
  /** The result of warmUp and refreshKeys, by the name of the source. */
  readonly work?: (name: string) => Promise<void>
}

function createHarness({
  ready = true,
  cached = true,
  work = async () => {},
}: Settings = {}): Harness {
  const calls: string[] = []
  const sourceOf = (name: string): KeySource => {
    const note = (what: string): void => void calls.push(`${name}: ${what}`)
    const record = (what: string) => () => {
      note(what)
      return work(name)
    }
    return {
      find: () => expect.unreachable(),
      holds: () => expect.unreachable(),
      warmUp: record('warmUp'),
      refreshKeys: record('refreshKeys'),
      ready: () => {
        note('ready')
        return ready || name !== 'a'
      },
      health: () => ({
        issuer: name,
        state: 'fresh',
        keys: 1,
        skipped: [],
        inFlight: false,
        fetches: 1,
        failures: 0,
      }),
      blockKey: (kid) => note(`blockKey ${kid}`),
      pause: () => note('pause'),
      close: () => note('close'),
    }
  }
  const configured = new Map(['a', 'b'].map((name) => [name, sourceOf(name)]))
  const resolved = [sourceOf('tenant')]
  const operations = operationsOn({
    ...nothingMore,
    configured,
    resolved: () => resolved,
    cache: () => (cached ? statistics : undefined),
    blockKey: (issuer, kid) => {
      calls.push(`resolved: blockKey ${issuer} ${kid}`)
      return issuer === 'tenant'
    },
    close: () => void calls.push('resolved: close'),
  })
  return { operations, calls }
}

test('warmUp waits for the configured issuers only', async () => {
  const { operations, calls } = createHarness()
  await operations.warmUp()
  expect(calls).toEqual(['a: warmUp', 'b: warmUp'])
})

test('refreshKeys refreshes the keys of all issuers', async () => {
  const { operations, calls } = createHarness()
  await operations.refreshKeys()
  expect(calls).toEqual(['a: refreshKeys', 'b: refreshKeys', 'tenant: refreshKeys'])
})

test.each([true, false])('ready asks every configured issuer and returns %s', (ready) => {
  const { operations, calls } = createHarness({ ready })
  expect(operations.ready()).toBe(ready)
  expect(calls).toEqual(['a: ready', 'b: ready'])
})

test('ready asks each issuer if there are 64', () => {
  let asked = 0
  const source = { ready: () => (asked += 1) > 0 } as unknown as KeySource
  const operations = operationsOn({
    ...nothingMore,
    configured: new Map(Array.from({ length: 64 }, (_, at) => [`issuer-${at}`, source])),
    resolved: () => [],
    cache: () => undefined,
    blockKey: () => false,
    close: () => {},
  })
  expect(operations.ready()).toBe(true)
  expect(asked).toBe(64)
})

test('health includes all issuers, and the cache if there is one', () => {
  const { issuers, cache } = createHarness().operations.health()
  expect(issuers.map(({ issuer }) => issuer)).toEqual(['a', 'b', 'tenant'])
  expect(cache).toEqual(statistics)
  expect(createHarness({ cached: false }).operations.health()).not.toHaveProperty('cache')
})

test('blockKey reaches the one issuer that it names', () => {
  const { operations, calls } = createHarness()
  operations.blockKey({ issuer: 'b', kid: 'k1' })
  expect(calls.splice(0)).toEqual(['b: blockKey k1'])
  operations.blockKey({ issuer: 'tenant', kid: 'k1' })
  expect(calls).toEqual(['resolved: blockKey tenant k1'])
})

test('blockKey throws a ConfigError for an unknown issuer, and lists the known ones', () => {
  const block = (issuer: string) => () => createHarness().operations.blockKey({ issuer, kid: 'k1' })
  expect(block('c')).toThrow(
    new ConfigError('blockKey() was called with an unknown issuer.', "Pass one of 'a', 'b'."),
  )
  expect(block('c')).toThrow(ConfigError)
})

test.each([
  ['a string', 'k1', 'a string'],
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['no kid', { issuer: 'a' }, 'other members'],
  ['no issuer', { kid: 'k1' }, 'other members'],
  ['a list of kids', { issuer: 'a', kid: ['k1'] }, 'other members'],
])('blockKey throws a ConfigError for %s, and blocks nothing', (_what, given, got) => {
  const { operations, calls } = createHarness()
  expect(() => operations.blockKey(given as never)).toThrow(
    new ConfigError(
      `blockKey() requires an issuer and a kid that are strings, got ${got}.`,
      "Write blockKey({ issuer: 'https://as.example.com', kid: 'key-7' }).",
    ),
  )
  expect(calls).toEqual([])
})

test('close reaches the configured and the resolved issuers', () => {
  const { operations, calls } = createHarness()
  operations.close()
  expect(calls).toEqual(['a: close', 'b: close', 'resolved: close'])
})

test.each<[what: string, errors: Readonly<Record<string, Error>>, thrown: string]>([
  ['the first one', { b: new Error('b'), tenant: new Error('tenant') }, 'b'],
  [
    'a ConfigError',
    { a: new Error('a'), b: new ConfigError('It is wrong.', 'Fix it.') },
    'It is wrong. Fix it.',
  ],
])(
  'refreshKeys throws %s of several errors, after all sources are done',
  async (_what, errors, thrown) => {
    let settle = (): void => {}
    const last = new Promise<void>((resolve) => (settle = resolve))
    const work = async (name: string): Promise<void> => {
      if (name === 'tenant') await last
      if (errors[name]) throw errors[name]
    }
    let error: unknown = 'none yet'
    const refreshed = createHarness({ work })
      .operations.refreshKeys()
      .catch((caught: unknown) => (error = caught))
    await new Promise((resolve) => setImmediate(resolve))
    expect(error).toBe('none yet')
    settle()
    await refreshed
    expect(error).toHaveProperty('message', thrown)
  },
)

describe('with more than 64 issuers', () => {
  /** Sources whose fetches end when the test says so. */
  function startMany(count: number) {
    let inFlight = 0
    const seen = { most: 0, fetched: 0 }
    const ends: (() => void)[] = []
    const fetch = async (): Promise<void> => {
      inFlight += 1
      seen.most = Math.max(seen.most, inFlight)
      await new Promise<void>((resolve) => ends.push(resolve))
      inFlight -= 1
      seen.fetched += 1
    }
    const sourceOf = (name: string): [string, KeySource] => {
      let state = 'none'
      const warmUp = (): Promise<void> => fetch().then(() => void (state = 'fresh'))
      const health = (): unknown => ({ issuer: name, state })
      return [name, { warmUp, refreshKeys: warmUp, health } as unknown as KeySource]
    }
    const configured = new Map(Array.from({ length: count }, (_, at) => sourceOf(`issuer-${at}`)))
    const operations = operationsOn({
      ...nothingMore,
      configured,
      resolved: () => [],
      cache: () => undefined,
      blockKey: () => false,
      close: () => {},
    })
    const finish = async (): Promise<void> => {
      while (seen.fetched < count) {
        for (const end of ends.splice(0)) end()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    return { operations, seen, finish }
  }

  test.each(['warmUp', 'refreshKeys'] as const)('%s() fetches 64 at a time', async (name) => {
    const { operations, seen, finish } = startMany(1000)
    const done = operations[name]()
    await finish()
    await done
    expect(seen).toEqual({ most: 64, fetched: 1000 })
  })

  test('ready() starts to fetch again after a fetch failed', async () => {
    const calls: string[] = []
    const sourceOf = (name: string): [string, KeySource] => {
      const warmUp = async (): Promise<void> => {
        calls.push(name)
        throw new Error('down')
      }
      const health = (): unknown => ({ issuer: name, state: 'none' })
      return [name, { warmUp, health } as unknown as KeySource]
    }
    const operations = operationsOn({
      ...nothingMore,
      configured: new Map(Array.from({ length: 65 }, (_, at) => sourceOf(`issuer-${at}`))),
      resolved: () => [],
      cache: () => undefined,
      blockKey: () => false,
      close: () => {},
    })
    for (const times of [1, 2]) {
      expect(operations.ready()).toBe(false)
      await new Promise((resolve) => setImmediate(resolve))
      expect(calls).toHaveLength(65 * times)
    }
  })

  test('ready() starts to fetch 64 at a time, and not again while that runs', async () => {
    const { operations, seen, finish } = startMany(1000)
    for (let at = 0; at < 3; at += 1) expect(operations.ready()).toBe(false)
    await finish()
    expect(seen).toEqual({ most: 64, fetched: 1000 })
    expect(operations.ready()).toBe(true)
  })
})
