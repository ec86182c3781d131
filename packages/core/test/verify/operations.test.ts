import { expect, test } from 'vitest'
import type { KeySource } from '../../src/jwks/key-source.ts'
import { type Operations, operationsOn } from '../../src/verify/operations.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// Who is asked for what, among the keys that are configured and those of issuers that came later.

const statistics = { tokens: 1, bytes: 2, hits: 3, misses: 4 }

interface Desk {
  readonly operations: Operations
  /** What was asked of whom, in order. */
  readonly asked: string[]
}

interface Setting {
  readonly ready?: boolean
  readonly cached?: boolean
  /** How work ends at a source, by its name. */
  readonly end?: (name: string) => Promise<void>
}

function open({ ready = true, cached = true, end = async () => {} }: Setting = {}): Desk {
  const asked: string[] = []
  const sourceOf = (name: string): KeySource => {
    const note = (what: string): void => void asked.push(`${name}: ${what}`)
    const work = (what: string) => () => {
      note(what)
      return end(name)
    }
    return {
      find: () => expect.unreachable(),
      holds: () => expect.unreachable(),
      warmUp: work('warmUp'),
      refreshKeys: work('refreshKeys'),
      ready: () => {
        note('ready')
        return ready || name !== 'a'
      },
      health: () => ({
        ...{ issuer: name, state: 'fresh', keys: 1, skipped: [] },
        ...{ inFlight: false, fetches: 1, failures: 0 },
      }),
      blockKey: (kid) => note(`blockKey ${kid}`),
      close: () => note('close'),
    }
  }
  const [configured, resolved] = [['a', 'b'].map(sourceOf), ['tenant'].map(sourceOf)]
  const operations = operationsOn({
    configured: () => configured,
    resolved: () => resolved,
    cache: () => (cached ? statistics : undefined),
    blockKey: (kid) => void asked.push(`later: blockKey ${kid}`),
    close: () => void asked.push('later: close'),
  })
  return { operations, asked }
}

test('the start waits for those that are configured', async () => {
  const { operations, asked } = open()
  await operations.warmUp()
  expect(asked).toEqual(['a: warmUp', 'b: warmUp'])
})

test('a reload asks all', async () => {
  const { operations, asked } = open()
  await operations.refreshKeys()
  expect(asked).toEqual(['a: refreshKeys', 'b: refreshKeys', 'tenant: refreshKeys'])
})

test.each([true, false])(
  'ready is what all that are configured say, and all are asked: %s',
  (ready) => {
    const { operations, asked } = open({ ready })
    expect(operations.ready()).toBe(ready)
    expect(asked).toEqual(['a: ready', 'b: ready'])
  },
)

test('the health is that of all, and of the cache where there is one', () => {
  const { issuers, cache } = open().operations.health()
  expect(issuers.map(({ issuer }) => issuer)).toEqual(['a', 'b', 'tenant'])
  expect(cache).toEqual(statistics)
  expect(open({ cached: false }).operations.health()).not.toHaveProperty('cache')
})

test('an eviction and the end reach all, and what comes later', () => {
  const { operations, asked } = open()
  operations.blockKey('k1')
  expect(asked.splice(0)).toEqual(['a: blockKey k1', 'b: blockKey k1', 'later: blockKey k1'])
  operations.close()
  expect(asked).toEqual(['a: close', 'b: close', 'later: close'])
})

test.each<[what: string, ends: Readonly<Record<string, Error>>, thrown: string]>([
  ['the first', { b: new Error('b'), tenant: new Error('tenant') }, 'b'],
  [
    ...(['what waiting does not mend'] as const),
    { a: new Error('a'), b: new ConfigError('Wrong.', 'Right it.') },
    'Wrong. Right it.',
  ],
])('of several errors %s is thrown, once all have ended', async (_what, ends, thrown) => {
  let settle = (): void => {}
  const last = new Promise<void>((resolve) => (settle = resolve))
  const end = async (name: string): Promise<void> => {
    if (name === 'tenant') await last
    if (ends[name]) throw ends[name]
  }
  let error: unknown = 'none yet'
  const reloaded = open({ end })
    .operations.refreshKeys()
    .catch((caught: unknown) => (error = caught))
  await new Promise((resolve) => setImmediate(resolve))
  expect(error).toBe('none yet')
  settle()
  await reloaded
  expect(error).toHaveProperty('message', thrown)
})
