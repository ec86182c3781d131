import type { DecisionRecord, RevocationFeed } from '@resource-server/core'
import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { memoryRevocationFeed, type RevocationListOptions } from '../src/index.ts'
import { aud, lifetime, type Process, settled, startIssuer, startProcess } from './support.ts'

const issuer = await startIssuer({ clock: createTestClock() })
const { clock, url } = issuer
const token = (): string => issuer.token({ aud, claims: { jti: 't-1' } })

/** A feed that a test can stop, slow down, and fill with anything. */
function controlledFeed(feed = memoryRevocationFeed(() => clock.monotonic())) {
  const state = { isDown: false, isDeaf: false }
  const fail = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('redis://:password@10.0.0.7'), { code: 'ECONNREFUSED' }))
  const controlled: RevocationFeed = {
    name: 'controlled',
    append: (entry, ms) => (state.isDown ? fail() : feed.append(entry, ms)),
    read: (position) => (state.isDown ? fail() : feed.read(position)),
    subscribe: (listener) => feed.subscribe(() => void (state.isDeaf || listener())),
  }
  return { state, feed: controlled }
}

/** A process that has read the feed. */
async function startReader(
  feed: RevocationFeed,
  options: RevocationListOptions = {},
  onDecision: (record: DecisionRecord) => void = () => {},
): Promise<Process> {
  const started = startProcess(issuer, { feed, ...options }, { onDecision })
  await started.verifier.warmUp()
  return started
}

/** Moves the clock by seconds, and lets everything happen that is due. */
async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 1) {
    clock.advance(1)
    // oxlint-disable-next-line no-await-in-loop -- one read per second
    await settled()
  }
}

describe('a revocation', () => {
  test('reaches the other processes as soon as they are told', async () => {
    const { feed } = controlledFeed()
    const [one, two] = [await startReader(feed), await startReader(feed)]
    expect(await two.outcome(token())).toBe('granted')
    await one.list.revoke({ issuer: url, jti: 't-1' })
    await settled()
    expect(await two.outcome(token())).toBe('token_revoked')
  })

  test('reaches processes within a second if they are not told', async () => {
    const { feed, state } = controlledFeed()
    const [one, two] = [await startReader(feed), await startReader(feed)]
    state.isDeaf = true
    await one.list.revoke({ issuer: url, jti: 't-1' })
    await settled()
    expect(await two.outcome(token())).toBe('granted')
    await pass(1)
    expect(await two.outcome(token())).toBe('token_revoked')
  })

  test('reaches a process that starts later, before it is ready', async () => {
    const { feed } = controlledFeed()
    const one = await startReader(feed)
    await one.list.revoke({ issuer: url, jti: 't-1' })
    const late = startProcess(issuer, { feed })
    expect(late.verifier.ready()).toBe(false)
    await late.verifier.warmUp()
    expect(late.verifier.ready()).toBe(true)
    expect(await late.outcome(token())).toBe('token_revoked')
  })

  test('applies in its own process even if the feed does not store it', async () => {
    const { feed, state } = controlledFeed()
    const one = await startReader(feed)
    state.isDown = true
    const revoked = one.list.revoke({ issuer: url, jti: 't-1' })
    await expect(revoked).rejects.toMatchObject({ code: 'feed_unavailable' })
    await expect(revoked).rejects.toThrow('Error ECONNREFUSED')
    await expect(revoked).rejects.not.toThrow('password')
    expect(await one.outcome(token())).toBe('token_revoked')
  })

  test('is forgotten by the feed after the lifetime of its entry', async () => {
    const { feed } = controlledFeed()
    const one = await startReader(feed)
    await one.list.revoke({ issuer: url, jti: 't-1' })
    await pass(1)
    clock.advance(lifetime + 11)
    await one.list.revoke({ issuer: url, jti: 't-2' })
    expect((await feed.read()).entries).toHaveLength(1)
  })
})

describe('a process that cannot read the feed', () => {
  test('is not ready, and answers 503 before it has read the feed once', async () => {
    const { feed, state } = controlledFeed()
    state.isDown = true
    const { verifier, outcome } = startProcess(issuer, { feed, whenStale: 'grant' })
    await settled()
    expect(verifier.ready()).toBe(false)
    expect(await outcome(token())).toBe('revocations_unavailable')
    await expect(verifier.warmUp()).rejects.toThrow('"controlled" has not been read yet')
    state.isDown = false
    await pass(1)
    expect(await outcome(token())).toBe('granted')
  })

  test('answers 503 after ten seconds, and recovers within a second', async () => {
    const { feed, state } = controlledFeed()
    const { verifier, outcome } = await startReader(feed)
    state.isDown = true
    await pass(9)
    expect(await outcome(token())).toBe('granted')
    await pass(1)
    expect(await outcome(token())).toBe('revocations_unavailable')
    expect(verifier.ready()).toBe(false)
    expect(verifier.health().revocation).toEqual({
      state: 'stale',
      source: 'controlled',
      entries: 0,
      age: 10,
      lastError: 'the feed "controlled" has not been read for 10 s (Error ECONNREFUSED)',
    })
    state.isDown = false
    await pass(1)
    expect(await outcome(token())).toBe('granted')
    expect(verifier.health().revocation).toMatchObject({ state: 'current' })
  })

  test('still says why a token is refused', async () => {
    const { feed, state } = controlledFeed()
    const { list, outcome } = await startReader(feed)
    await list.revoke({ issuer: url, jti: 't-1' })
    state.isDown = true
    await pass(10)
    expect(await outcome(token())).toBe('token_revoked')
    expect(await outcome(issuer.forge.expired({ aud }))).toBe('token_expired')
  })

  test('learns afterwards what was revoked in the meantime', async () => {
    const shared = memoryRevocationFeed(() => clock.monotonic())
    const unreliable = controlledFeed(shared)
    const [one, two] = [await startReader(shared), await startReader(unreliable.feed)]
    unreliable.state.isDown = true
    unreliable.state.isDeaf = true
    await one.list.revoke({ issuer: url, jti: 't-1' })
    await pass(15)
    expect(await two.outcome(token())).toBe('revocations_unavailable')
    unreliable.state.isDown = false
    await pass(1)
    expect(await two.outcome(token())).toBe('token_revoked')
  })

  test("grants with whenStale: 'grant', for a limited time, and records say so", async () => {
    const { feed, state } = controlledFeed()
    const records: DecisionRecord[] = []
    const { outcome } = await startReader(
      feed,
      { whenStale: 'grant', maxStaleness: 60 },
      (record) => void records.push(record),
    )
    expect(await outcome(token())).toBe('granted')
    state.isDown = true
    await pass(10)
    expect(await outcome(token())).toBe('granted')
    await pass(50)
    expect(await outcome(token())).toBe('revocations_unavailable')
    await settled()
    expect(records.map(({ outcome: what, revocations }) => [what, revocations])).toEqual([
      ['granted', undefined],
      ['granted', 'stale'],
      ['unavailable', undefined],
    ])
  })

  test('stops reading when its verifiers are closed', async () => {
    const { feed } = controlledFeed()
    let reads = 0
    const counted: RevocationFeed = {
      ...feed,
      read: (position) => {
        reads += 1
        return feed.read(position)
      },
    }
    const { verifier } = await startReader(counted)
    verifier.close()
    const before = reads
    await pass(5)
    expect(reads).toBe(before)
  })
})

describe('an entry of the feed that is malformed', () => {
  const entry = { v: 1, kind: 'jti', issuer: url, value: 't-9', time: 0 }

  test.each([
    ['not JSON', '{'],
    ['not an object', '[]'],
    ['null', 'null'],
    ['without an issuer', JSON.stringify({ ...entry, issuer: undefined })],
    ['of an unknown kind', JSON.stringify({ ...entry, kind: 'tenant' })],
    ['of another version', JSON.stringify({ ...entry, v: 2 })],
    ['with a malformed time', JSON.stringify({ ...entry, before: 'x' })],
    ['with a malformed value', JSON.stringify({ ...entry, value: 7 })],
    ['for an issuer, without a time', JSON.stringify({ ...entry, kind: 'issuer', value: '' })],
  ])('is not ignored: %s leads to 503', async (_what, text) => {
    const { feed } = controlledFeed()
    const { outcome, verifier } = await startReader(feed, { whenStale: 'grant' })
    await feed.append(text, 60_000)
    await settled()
    expect(await outcome(token())).toBe('revocations_unavailable')
    expect(verifier.health().revocation).toMatchObject({
      state: 'stale',
      lastError: 'an entry of the feed is malformed',
    })
  })

  test('matters as long as a token that it could match', async () => {
    const { feed } = controlledFeed()
    const { outcome } = await startReader(feed)
    await feed.append('{', 60_000)
    await pass(1)
    clock.advance(lifetime + 8)
    await settled()
    expect(await outcome(token())).toBe('revocations_unavailable')
    await pass(3)
    expect(await outcome(token())).toBe('granted')
  })

  test('is followed by others that are used', async () => {
    const { feed } = controlledFeed()
    const { outcome } = await startReader(feed)
    await feed.append('{', 60_000)
    const valid = { ...entry, value: 't-1', time: clock.now() }
    await feed.append(JSON.stringify(valid), 60_000)
    await settled()
    expect(await outcome(token())).toBe('token_revoked')
  })

  test.each([undefined, {}, { entries: 'x', position: '1' }, { entries: [] }])(
    'in a result that is malformed: read() returns %j',
    async (part) => {
      const { feed } = controlledFeed()
      const { outcome } = startProcess(issuer, {
        feed: { ...feed, read: async () => part as never },
      })
      await settled()
      expect(await outcome(token())).toBe('revocations_unavailable')
    },
  )
})

test('a feed with more entries than the list can keep leads to 503', async () => {
  const { feed } = controlledFeed()
  const one = await startReader(feed)
  const small = await startReader(feed, { maxEntries: 2 })
  await one.list.revoke({ issuer: url, jti: 't-1' })
  await one.list.revoke({ issuer: url, jti: 't-2' })
  await settled()
  const valid = issuer.token({ aud })
  expect(await small.outcome(valid)).toBe('granted')
  await one.list.revoke({ issuer: url, jti: 't-3' })
  await settled()
  expect(await small.outcome(token())).toBe('token_revoked')
  expect(await small.outcome(valid)).toBe('revocations_unavailable')
  expect(small.verifier.health().revocation).toMatchObject({
    lastError: 'the list is full (maxEntries: 2)',
  })
})
