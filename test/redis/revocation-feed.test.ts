import { createVerifier, type RevocationFeed } from '@resource-server/core'
import { redisRevocationFeed, type RedisSubscriber } from '@resource-server/redis'
import { createRevocationList } from '@resource-server/revocation'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { hasRedis, howToGetRedis } from '../../scripts/redis.mjs'
import { kinds } from './clients.ts'
import { startCluster, startRedis } from './redis-server.mjs'
import { measureLatency } from './revocation-latency.mjs'

// Revocations that several processes share through a real Redis.

const issuer = await createTestIssuer()
afterAll(() => issuer.close())
const { url, clock } = issuer
const token = (jti: string): string =>
  issuer.token({ aud: 'orders', expiresIn: 500, claims: { jti } })

/** One process of a service. */
async function startProcess(feed: RevocationFeed) {
  const list = createRevocationList({ feed })
  const options = { issuer: url, audience: 'orders', clock, maxLifetime: 600, revocation: list }
  const verifier = createVerifier({ ...options, log: 'off' })
  onTestFinished(() => verifier.close())
  await verifier.warmUp()
  const outcome = async (jwt: string): Promise<string> => {
    const result = await verifier.check(jwt)
    return result.ok ? 'granted' : result.code
  }
  return { list, verifier, outcome }
}

/** Waits for what arrives through sockets. */
async function eventually(is: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await is()); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe.runIf(hasRedis)(`the feed${hasRedis ? '' : ` (skipped: ${howToGetRedis})`}`, () => {
  test.each(kinds)(
    'tells other processes at once, and those that start later with $name',
    async ({ connect }) => {
      const server = await startRedis({ password: 'a-password' })
      onTestFinished(() => server.stop())
      const [client, subscriber] = [await connect(server.url), await connect(server.url)]
      onTestFinished(() => [client, subscriber].forEach(({ close }) => close()))
      const feed = redisRevocationFeed(client.client, {
        subscriber: subscriber.client as unknown as RedisSubscriber,
      })
      const [one, two] = [await startProcess(feed), await startProcess(feed)]
      expect(await two.outcome(token('t-1'))).toBe('granted')
      await one.list.revoke({ issuer: url, jti: 't-1' })
      // The clock does not move, so nothing reads the feed on its own.
      await eventually(async () => (await two.outcome(token('t-1'))) === 'token_revoked')
      expect(await two.outcome(token('t-1'))).toBe('token_revoked')
      const late = await startProcess(feed)
      expect(await late.outcome(token('t-1'))).toBe('token_revoked')
      expect(await late.outcome(token('t-2'))).toBe('granted')
    },
  )

  test.each(kinds)(
    'works without a subscriber, and recovers after a restart with $name',
    async ({ connect }) => {
      const server = await startRedis({ password: 'a-password' })
      onTestFinished(() => server.stop())
      const client = await connect(server.url)
      onTestFinished(() => client.close())
      const feed = redisRevocationFeed(client.client)
      const [one, two] = [await startProcess(feed), await startProcess(feed)]
      await one.list.revoke({ issuer: url, jti: 't-1' })
      const read = async (jwt: string, expected: string): Promise<string> => {
        await eventually(async () => {
          clock.advance(1)
          await new Promise((resolve) => setTimeout(resolve, 5))
          return (await two.outcome(jwt)) === expected
        })
        return two.outcome(jwt)
      }
      expect(await read(token('t-1'), 'token_revoked')).toBe('token_revoked')
      await server.kill()
      const revoked = one.list.revoke({ issuer: url, jti: 't-2' })
      await expect(revoked).rejects.toMatchObject({ code: 'feed_unavailable' })
      await expect(revoked).rejects.not.toThrow('a-password')
      expect(await read(token('t-3'), 'revocations_unavailable')).toBe('revocations_unavailable')
      expect(await two.outcome(token('t-1'))).toBe('token_revoked')
      await server.start()
      await client.ready()
      expect(await read(token('t-3'), 'granted')).toBe('granted')
      // What Redis lost is still known here.
      expect(await two.outcome(token('t-1'))).toBe('token_revoked')
      await one.list.revoke({ issuer: url, jti: 't-2' })
      expect(await read(token('t-2'), 'token_revoked')).toBe('token_revoked')
    },
  )

  test.each(kinds.filter(({ name }) => name.endsWith('6')))(
    'works with a cluster of $name',
    async ({ connectCluster }) => {
      const cluster = await startCluster()
      onTestFinished(() => cluster.stop())
      const client = await connectCluster(cluster.servers.map(({ port }) => port))
      onTestFinished(() => client.close())
      const feed = redisRevocationFeed(client.client, { timeout: 900 })
      const one = await startProcess(feed)
      await one.list.revoke({ issuer: url, jti: 't-1' })
      const late = await startProcess(feed)
      expect(await late.outcome(token('t-1'))).toBe('token_revoked')
    },
  )

  test('forgets entries after their lifetime, reads parts, and keeps its position', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = await kinds[0]!.connect(server.url)
    onTestFinished(() => client.close())
    const feed = redisRevocationFeed(client.client, { timeout: 900, prefix: 'test:' })
    expect(await feed.read()).toEqual({ entries: [], position: '0-0' })
    await feed.append('short', 1)
    await new Promise((resolve) => setTimeout(resolve, 10))
    for (let count = 0; count < 1100; count += 1) await feed.append(`e-${count}`, 600_000)
    const first = await feed.read()
    expect([first.entries.length, first.entries.includes('short')]).toEqual([1000, false])
    const rest = await feed.read(first.position)
    expect([rest.entries.length, rest.entries.at(-1)]).toEqual([100, 'e-1099'])
    expect(await feed.read(rest.position)).toEqual({ entries: [], position: rest.position })
    expect(Number(await server.command('pttl', 'test:revocations'))).toBeGreaterThan(590_000)
  })

  test('reaches other processes with both packages', async () => {
    const size = { processes: 2, revocations: 3, pause: 0 }
    expect(await measureLatency(size)).toHaveLength(size.processes * size.revocations)
  }, 60_000)
})

test('an option or a subscriber that is not valid is a ConfigError', () => {
  const client = { status: 'ready', isCluster: false, eval: () => {}, on: () => {} } as never
  expect(() => redisRevocationFeed(client, { timeout: 1 })).toThrow(/'timeout'/)
  expect(() => redisRevocationFeed(client, { retries: 1 } as never)).toThrow(/no option 'retries'/)
  expect(() => redisRevocationFeed(client, { subscriber: {} as never })).toThrow(/duplicate/)
  expect(() => redisRevocationFeed({} as never)).toThrow(/needs a client/)
})
