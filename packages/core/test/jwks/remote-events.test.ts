import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { down, issuer, openKeys, publish, sleeping } from './key-desk.ts'

// What is told of a key set, and what is kept of it for a later start.

// A refresh after 270 of 300 seconds.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => void vi.restoreAllMocks())

const fetched = { event: 'fetched', keys: 1, skipped: [], duration: 0 }
const failed = { ...fetched, event: 'failed', reason: 'answered with status 503' }

test('each event says when, whose and what', async () => {
  const { verifier, clock } = openKeys(publish('ax'))
  const events: unknown[] = []
  const hear = (message: unknown): void => void events.push(message)
  subscribe('resource-server:keys', hear)
  onTestFinished(() => void unsubscribe('resource-server:keys', hear))
  await verifier.warmUp()
  const time = new Date(clock.now()).toISOString()
  const skipped = ['holds private members']
  expect(events).toEqual([{ version: 1, time, issuer, ...fetched, skipped }])
})

test('how long an attempt took is told', async () => {
  const { verifier, clock, answer, heard } = openKeys(() => {
    clock.advance(0.25)
    return publish('a')()
  })
  await verifier.warmUp()
  expect(heard()).toEqual([{ ...fetched, duration: 250 }])
  answer(() => {
    clock.advance(0.5)
    return down()()
  })
  await verifier.refreshKeys().catch(() => {})
  expect(heard()).toEqual([{ ...failed, duration: 500 }])
})

test('a set that got old while nobody asked is not told as stale where the next one comes', async () => {
  const clock = sleeping()
  const { verifier, heard, ask, settle } = openKeys(publish('a'), { clock })
  await verifier.warmUp()
  heard()
  clock.advance(400)
  expect(await ask('a')).toBe('granted')
  await settle()
  expect(heard()).toEqual([fetched])
})

test('other keys are a rotation, and the same in another order are none', async () => {
  const { verifier, answer, heard } = openKeys(publish('ab'))
  const reload = async (kids: string): Promise<readonly unknown[]> => {
    answer(publish(kids))
    await verifier.refreshKeys()
    return heard().map(({ event, keys }) => `${event} ${keys}`)
  }
  expect(await reload('ab')).toEqual(['fetched 2'])
  expect(await reload('ba')).toEqual(['fetched 2'])
  expect(await reload('abc')).toEqual(['rotated 3', 'fetched 3'])
  expect(await reload('bc')).toEqual(['rotated 2', 'fetched 2'])
  expect(await reload('ac')).toEqual(['rotated 2', 'fetched 2'])
})

test('an outage is told at each attempt, and once when the set is past its freshness', async () => {
  const { verifier, clock, answer, settle, heard } = openKeys(publish('a'))
  await verifier.warmUp()
  heard()
  const outage = async (): Promise<readonly unknown[]> => {
    answer(down({ 'retry-after': '50' }))
    clock.advance(270)
    await settle()
    expect(heard()).toEqual([failed])
    clock.advance(29.999)
    verifier.ready()
    expect(heard()).toEqual([])
    // Past the freshness, and before the next attempt.
    clock.advance(0.001)
    verifier.ready()
    verifier.ready()
    return heard()
  }
  const stale = { event: 'stale', keys: 1, skipped: [], reason: 'answered with status 503' }
  expect(await outage()).toEqual([stale])
  answer(publish('a'))
  await verifier.refreshKeys()
  expect(heard()).toEqual([fetched])
  expect(await outage()).toEqual([stale])
})

test('an eviction is told, and holds for all sets that come', async () => {
  const { verifier, heard, ask } = openKeys(publish('ab'))
  verifier.blockKey('c')
  expect(heard()).toEqual([{ event: 'blocked', keys: 0, skipped: [] }])
  await verifier.warmUp()
  heard()
  verifier.blockKey('a')
  expect(heard()).toEqual([{ event: 'blocked', keys: 1, skipped: [] }])
  await verifier.refreshKeys()
  expect(heard()).toEqual([fetched])
  expect([await ask('a'), await ask('b')]).toEqual(['key_not_found', 'granted'])
})

test('an empty set is a mistake for five minutes, and then it is meant', async () => {
  const clock = sleeping()
  const { verifier, answer, heard, ask } = openKeys(publish('a'), { clock })
  const reload = async (kids: string): Promise<readonly unknown[]> => {
    heard()
    answer(publish(kids))
    await verifier.refreshKeys().catch(() => {})
    return heard()
  }
  await reload('a')
  const reason = 'the key set holds no usable key any longer'
  const mistake = [
    { event: 'empty', keys: 1, skipped: [], reason: 'the set before serves on for now' },
    { ...failed, reason },
  ]
  expect(await reload('')).toEqual(mistake)
  // Whoever published keys in between begins anew.
  clock.advance(200)
  expect(await reload('a')).toEqual([fetched])
  expect(await reload('')).toEqual(mistake)
  clock.advance(299.999)
  expect(await reload('')).toEqual(mistake)
  expect(await ask('a')).toBe('granted')
  clock.advance(0.001)
  expect(await reload('x')).toEqual([
    { event: 'empty', keys: 1, skipped: [], reason: 'no key serves any longer' },
    { event: 'rotated', keys: 0, skipped: ['holds private members'] },
    { ...fetched, keys: 0, skipped: ['holds private members'] },
  ])
  expect(await ask('a')).toBe('key_not_found')
  // What is empty and stays so is no event.
  expect(await reload('')).toEqual([{ ...fetched, keys: 0 }])
})

test('an issuer that starts without keys has none, at once', async () => {
  const { verifier, heard } = openKeys(publish(''))
  await verifier.warmUp()
  expect(heard()).toEqual([{ ...fetched, keys: 0 }])
})
