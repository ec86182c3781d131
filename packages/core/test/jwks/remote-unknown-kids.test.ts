import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { RemoteKeySet } from '../../src/jwks/remote.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { down, issuer, openKeys, publish, sleeping, tokenOf } from './key-desk.ts'

// Tokens whose key is not in the set that is held: it may be newer than the set.

const unknown = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `invented-${at}`)

test('a set that came with the token is not asked for again', async () => {
  const { ask, fetches } = openKeys(publish('a'))
  expect(await ask('x')).toBe('key_not_found')
  expect(fetches()).toBe(1)
})

test('one that was there before is, once for a token', async () => {
  const { ask, fetches, answer, verifier } = openKeys(publish('a'))
  await verifier.warmUp()
  expect(await ask('x')).toBe('key_not_found')
  expect(fetches()).toBe(2)
  answer(publish('ab'))
  expect(await ask('b')).toBe('granted')
  expect(fetches()).toBe(3)
  // The budget for unknown names is spent.
  expect(await ask('y')).toBe('key_not_found')
  expect(fetches()).toBe(3)
})

test('a token without a kid asks for nothing', async () => {
  const { verifier, clock, fetches } = openKeys(publish('x'))
  await verifier.warmUp()
  expect(await verifier.check(tokenOf(undefined as never, clock))).toMatchObject({
    code: 'key_not_found',
  })
  expect(fetches()).toBe(1)
})

test('a kid that two keys have is no reason to ask', async () => {
  const { ask, fetches, verifier } = openKeys(publish('aa'))
  await verifier.warmUp()
  expect(await ask('a')).toBe('key_ambiguous')
  expect(fetches()).toBe(1)
})

test('a set that gets too old while a newer one is asked for serves no longer', async () => {
  const { ask, answer, verifier, clock, fetches } = openKeys(publish('a'), { clock: sleeping() })
  await verifier.warmUp()
  answer(down())
  await verifier.refreshKeys().catch(() => {})
  clock.advance(3899)
  let release = (): void => {}
  answer(() => new Promise((resolve) => (release = () => resolve(down()()))))
  const asked = ask('x')
  while (fetches() < 3) await Promise.resolve()
  clock.advance(1)
  release()
  expect(await asked).toBe('keys_unavailable')
})

describe('who finds a fetch under way', () => {
  test('waits for that one', async () => {
    const { ask, fetches, answer, verifier } = openKeys(publish('a'))
    await verifier.warmUp()
    answer(publish('ab'))
    const asked = unknown(50).map(() => ask('b'))
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['granted']))
    expect(fetches()).toBe(2)
  })

  /** A fetch under way, and what lets it end. */
  async function underWay() {
    const desk = openKeys(publish('a'))
    await desk.verifier.warmUp()
    let release = (): void => {}
    desk.answer(() => new Promise((resolve) => (release = () => resolve(publish('a')()))))
    const reloaded = desk.verifier.refreshKeys()
    while (desk.fetches() < 2) await Promise.resolve()
    return { ...desk, release: () => release(), reloaded }
  }

  test('asks once more where that one knew nothing', async () => {
    const { ask, answer, fetches, release, reloaded } = await underWay()
    answer(publish('ab'))
    const asked = ask('b')
    release()
    expect(await asked).toBe('granted')
    await reloaded
    expect(fetches()).toBe(3)
  })

  test('and no more than once', async () => {
    const { ask, answer, fetches, release, reloaded } = await underWay()
    answer(publish('a'))
    const asked = ask('x')
    release()
    expect(await asked).toBe('key_not_found')
    await reloaded
    expect(fetches()).toBe(3)
  })
})

test('who joins a fetch has no budget of his own', async () => {
  const { ask, fetches, verifier } = openKeys(publish('a'))
  await verifier.warmUp()
  for (const kid of ['x', 'y']) await ask(kid)
  expect(fetches()).toBe(3)
  const reloaded = verifier.refreshKeys()
  while (fetches() < 4) await Promise.resolve()
  expect(await ask('z')).toBe('key_not_found')
  await reloaded
  expect(fetches()).toBe(4)
})

test('in an outage there is no verdict, and no attempt within the pause', async () => {
  const { ask, fetches, answer, verifier } = openKeys(publish('a'))
  await verifier.warmUp()
  answer(down({ 'retry-after': '60' }))
  expect(await ask('x')).toBe('keys_unavailable')
  expect(fetches()).toBe(2)
  expect(await ask('x')).toBe('keys_unavailable')
  expect(await ask('a')).toBe('granted')
  expect(fetches()).toBe(2)
})

test('twenty thousand may wait for a newer set, and no more', async () => {
  const clock = createTestClock()
  let release = (): void => {}
  const answers = [async () => publish('a')()]
  const fetch = async (): Promise<Response> => (answers.shift() ?? slow)()
  const released = new Promise<void>((resolve) => (release = resolve))
  const slow = (): Promise<Response> => released.then(publish('a'))
  const options = { issuer, jwksUri: `${issuer}/jwks`, audience: 'order-service', clock, fetch }
  const policy = createPolicy(options, 'verifier')
  const keys = new RemoteKeySet(policy.issuers.get(issuer)!, policy)
  await keys.warmUp()
  const find = async (kid: string): Promise<unknown> =>
    keys.find({ alg: 'ES256', kid, typ: undefined })
  const waiting = unknown(20_000).map(find)
  expect(await find('x')).toMatchObject({
    code: 'keys_unavailable',
    reason: `the keys of '${issuer}' cannot be had: too many tokens wait for a newer set`,
    detail: { retryAfter: 1 },
  })
  release()
  expect(await Promise.all(waiting)).toHaveLength(20_000)
  expect(await find('y')).toMatchObject({ code: 'key_not_found' })
  keys.close()
})
