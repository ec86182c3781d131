import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import {
  errorResponse,
  issuer,
  jwksResponse,
  jwksUri,
  startRemote,
  status503,
  suspendedClock,
} from './remote-harness.ts'

// The events of a remote key set.

// Fixes the random delays: a refresh after 270 of 300 seconds.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => void vi.restoreAllMocks())

const fetched = { event: 'fetched', keys: 1, skipped: [], duration: 0 }
const failed = { ...fetched, event: 'failed', reason: status503 }

test('an event has the version, the time, the issuer and the details', async () => {
  const { verifier, clock } = startRemote(jwksResponse('ax'))
  const events: unknown[] = []
  const onEvent = (message: unknown): void => void events.push(message)
  subscribe('resource-server:keys', onEvent)
  onTestFinished(() => void unsubscribe('resource-server:keys', onEvent))
  await verifier.warmUp()
  const time = new Date(clock.now()).toISOString()
  const skipped = [{ kid: 'x', reason: 'contains private key members' }]
  expect(events).toEqual([{ version: 1, time, issuer, ...fetched, skipped }])
})

test('fetched and failed contain the duration of the fetch', async () => {
  const { verifier, clock, setResponse, takeEvents } = startRemote(() => {
    clock.advance(0.25)
    return jwksResponse('a')()
  })
  await verifier.warmUp()
  expect(takeEvents()).toEqual([{ ...fetched, duration: 250 }])
  setResponse(() => {
    clock.advance(0.5)
    return errorResponse()()
  })
  await verifier.refreshKeys().catch(() => {})
  expect(takeEvents()).toEqual([{ ...failed, duration: 500 }])
})

test('a key set that became stale without requests is not reported as stale if the fetch succeeds', async () => {
  const clock = suspendedClock()
  const { verifier, takeEvents, check, idle } = startRemote(jwksResponse('a'), { clock })
  await verifier.warmUp()
  takeEvents()
  clock.advance(400)
  expect(await check('a')).toBe('granted')
  await idle()
  expect(takeEvents()).toEqual([fetched])
})

test('different keys are reported as rotated, but not the same keys in another order', async () => {
  const { verifier, setResponse, takeEvents } = startRemote(jwksResponse('ab'))
  const refresh = async (kids: string): Promise<readonly unknown[]> => {
    setResponse(jwksResponse(kids))
    await verifier.refreshKeys()
    return takeEvents().map(({ event, keys }) => `${event} ${keys}`)
  }
  expect(await refresh('ab')).toEqual(['fetched 2'])
  expect(await refresh('ba')).toEqual(['fetched 2'])
  expect(await refresh('abc')).toEqual(['rotated 3', 'fetched 3'])
  expect(await refresh('bc')).toEqual(['rotated 2', 'fetched 2'])
  expect(await refresh('ac')).toEqual(['rotated 2', 'fetched 2'])
})

test('an outage is reported as failed for each fetch and as stale once', async () => {
  const { verifier, clock, setResponse, idle, takeEvents } = startRemote(jwksResponse('a'))
  await verifier.warmUp()
  takeEvents()
  const outage = async (refreshDue: number): Promise<readonly unknown[]> => {
    setResponse(errorResponse({ 'retry-after': '90' }))
    clock.advance(refreshDue)
    await idle()
    expect(takeEvents()).toEqual([failed])
    clock.advance(299.999 - refreshDue)
    verifier.ready()
    expect(takeEvents()).toEqual([])
    // After the freshness lifetime and before the next fetch.
    clock.advance(0.001)
    verifier.ready()
    verifier.ready()
    return takeEvents()
  }
  const stale = { event: 'stale', keys: 1, skipped: [], reason: status503 }
  expect(await outage(217.5)).toEqual([stale])
  setResponse(jwksResponse('a'))
  await verifier.refreshKeys()
  expect(takeEvents()).toEqual([fetched])
  expect(await outage(270)).toEqual([stale])
})

test('blockKey() is reported, and applies to all key sets fetched later', async () => {
  const { verifier, takeEvents, check } = startRemote(jwksResponse('ab'))
  verifier.blockKey({ issuer, kid: 'c' })
  expect(takeEvents()).toEqual([{ event: 'blocked', keys: 0, skipped: [] }])
  await verifier.warmUp()
  takeEvents()
  verifier.blockKey({ issuer, kid: 'a' })
  const skipped = [{ kid: 'a', reason: 'blocked with blockKey()' }]
  expect(takeEvents()).toEqual([{ event: 'blocked', keys: 1, skipped }])
  await verifier.refreshKeys()
  expect(takeEvents()).toEqual([{ ...fetched, skipped }])
  expect([await check('a'), await check('b')]).toEqual(['key_not_found', 'granted'])
})

test('a key set without usable keys is a failed fetch, and after five minutes it ends the use of the previous one', async () => {
  const clock = suspendedClock()
  const { verifier, setResponse, takeEvents, check } = startRemote(jwksResponse('a'), { clock })
  const refresh = async (kids: string): Promise<readonly unknown[]> => {
    takeEvents()
    setResponse(jwksResponse(kids))
    await verifier.refreshKeys().catch(() => {})
    return takeEvents()
  }
  await refresh('a')
  const rejected = [
    { event: 'empty', keys: 1, skipped: [], reason: 'the previous key set stays in use for now' },
    { ...failed, reason: `GET ${jwksUri}: the key set has no usable key: it is empty` },
  ]
  expect(await refresh('')).toEqual(rejected)
  // A key set with keys in between restarts the five minutes.
  clock.advance(200)
  expect(await refresh('a')).toEqual([fetched])
  expect(await refresh('')).toEqual(rejected)
  clock.advance(299.999)
  expect(await refresh('')).toEqual(rejected)
  expect(await check('a')).toBe('granted')
  clock.advance(0.001)
  const unusable = { keys: 0, skipped: [{ kid: 'x', reason: 'contains private key members' }] }
  const reason = `GET ${jwksUri}: the key set has no usable key: "x" (contains private key members)`
  const dropped = [
    { ...unusable, event: 'empty', reason: 'no usable key is left' },
    { ...failed, ...unusable, reason },
  ]
  expect(await refresh('x')).toEqual(dropped)
  expect(await check('a')).toBe('keys_unavailable')
  expect(verifier.ready()).toBe(false)
  expect(await refresh('x')).toEqual(dropped)
  expect(await refresh('a')).toEqual([fetched])
  expect(await check('a')).toBe('granted')
})
