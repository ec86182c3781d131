import { randomUUID } from 'node:crypto'
import type { UsedProof } from '@resource-server/core'
import { type RedisStores, redisStores } from '@resource-server/redis'
import * as redis from 'redis'
import * as redis5 from 'redis-5'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hasRedis, howToGetRedis } from '../../scripts/redis.mjs'
import { type Connection, kinds } from './clients.ts'
import { type RedisServer, startCluster, startRedis } from './redis-server.mjs'

const lifetime = 75_000

const proof = (changes: Partial<UsedProof> = {}): UsedProof => {
  const now = Date.now()
  return { id: randomUUID(), jkt: 'key', now, expiresAt: now + lifetime, ...changes }
}

/** What holds for every client, with one server and with a cluster. */
function storeTests(
  connect: () => Promise<{ connection: Connection; servers: readonly RedisServer[] }>,
): void {
  let connection: Connection
  let servers: readonly RedisServer[]
  let stores: RedisStores
  beforeAll(async () => {
    const connected = await connect()
    connection = connected.connection
    servers = connected.servers
    stores = redisStores(connection.client, { timeout: 900 })
  })
  afterAll(() => connection.close())

  /** The one reply of the servers that is not the one for a missing key. */
  const ask = async (command: string, key: string, missing: string): Promise<string> => {
    for (const server of servers) {
      const reply = await server.command(command, key).catch(() => missing)
      if (reply !== missing) return reply
    }
    return missing
  }

  test('accepts a proof once', async () => {
    const used = proof()
    expect(await stores.replay.consume(used)).toBe(true)
    expect(await stores.replay.consume(used)).toBe(false)
    expect(await stores.replay.consume(proof())).toBe(true)
  })

  test('accepts one of 100 concurrent copies of a proof', async () => {
    const used = proof()
    const results = await Promise.all(
      Array.from({ length: 100 }, async () => stores.replay.consume(used)),
    )
    expect(results.filter((isNew) => isNew)).toHaveLength(1)
  })

  test('remembers a proof until it expires, and not longer', async () => {
    const used = proof({ expiresAt: Date.now() + lifetime + 0.5 })
    await stores.replay.consume(used)
    const left = Number(await ask('pttl', `resource-server:proof:${used.id}`, '-2'))
    expect(left).toBeGreaterThan(lifetime - 10_000)
    expect(left).toBeLessThanOrEqual(lifetime + 1)
  })

  test('remembers a proof that expires now, because another clock may be behind', async () => {
    const used = proof({ expiresAt: Date.now() - 1 })
    expect(await stores.replay.consume(used)).toBe(true)
  })

  test('knows since when the server has been running', async () => {
    const used = proof()
    await stores.replay.consume(used)
    const uptimes = await Promise.all(
      servers.map(async ({ command }) => {
        const info = await command('info', 'server')
        return Number(/uptime_in_seconds:(\d+)/.exec(info)?.[1])
      }),
    )
    const started = used.now - Math.min(...uptimes) * 1000
    expect(Math.abs(stores.replay.since! - started)).toBeLessThan(3000)
  })

  test('stores a key set for 49 hours, and replaces it', async () => {
    const name = `https://as.example/${randomUUID()}`
    expect(await stores.keys.get(name)).toBeNull()
    await stores.keys.set(name, 'first')
    await stores.keys.set(name, 'second')
    expect(await stores.keys.get(name)).toBe('second')
    const left = Number(await ask('pttl', `resource-server:key-set:${name}`, '-2'))
    expect(left / 3_600_000).toBeCloseTo(49, 1)
  })

  test('stores a value for its lifetime, replaces it, and forgets it', async () => {
    const key = `{token}:${randomUUID()}`
    expect(await stores.expiring.get(key)).toBeNull()
    await stores.expiring.set(key, 'first', 60_000)
    await stores.expiring.set(key, 'zweite \u{1F511}', 30_000)
    expect(await stores.expiring.get(key)).toBe('zweite \u{1F511}')
    expect(Number(await ask('pttl', `resource-server:value:${key}`, '-2'))).toBeLessThanOrEqual(
      30_000,
    )
    await stores.expiring.delete(key)
    expect(await stores.expiring.get(key)).toBeNull()
  })

  test('keeps the values of two prefixes apart', async () => {
    const other = redisStores(connection.client, { prefix: 'other:', timeout: 900 })
    const used = proof()
    await stores.replay.consume(used)
    expect(await other.replay.consume(used)).toBe(true)
    expect(await ask('exists', `other:proof:${used.id}`, '0')).toBe('1')
  })
}

describe.runIf(hasRedis)(`stores on Redis${hasRedis ? '' : ` (skipped: ${howToGetRedis})`}`, () => {
  describe.each(kinds)('with $name and one server', ({ connect }) => {
    let server: RedisServer
    afterAll(() => server.stop())
    storeTests(async () => {
      server = await startRedis()
      return { connection: await connect(server.url), servers: [server] }
    })
  })

  test.each([redis, redis5 as unknown as typeof redis])(
    'a client that maps strings to buffers and numbers to strings can be used (%#)',
    async ({ createClient, RESP_TYPES }) => {
      const server = await startRedis()
      onTestFinished(() => server.stop())
      const { BLOB_STRING, NUMBER, SIMPLE_STRING } = RESP_TYPES
      const typeMapping = { [BLOB_STRING]: Buffer, [NUMBER]: String, [SIMPLE_STRING]: Buffer }
      const client = createClient({ url: server.url, commandOptions: { typeMapping } })
      onTestFinished(() => client.destroy())
      await client.connect()
      const { replay, keys } = redisStores(client, { timeout: 900 })
      expect(await replay.consume(proof())).toBe(true)
      await keys.set('name', 'value')
      expect(await keys.get('name')).toBe('value')
    },
  )

  describe('with a cluster of three', () => {
    let cluster: Awaited<ReturnType<typeof startCluster>>
    beforeAll(async () => {
      cluster = await startCluster()
    })
    afterAll(() => cluster.stop())

    describe.each(kinds)('and $name', ({ connectCluster }) => {
      storeTests(async () => {
        const { servers } = cluster
        return { connection: await connectCluster(servers.map(({ port }) => port)), servers }
      })

      test('spreads proofs over all servers', async () => {
        const { client, close } = await connectCluster(cluster.servers.map(({ port }) => port))
        const prefix = `${randomUUID()}:`
        const { replay } = redisStores(client, { prefix, timeout: 900 })
        await Promise.all(Array.from({ length: 100 }, async () => replay.consume(proof())))
        close()
        const stored = await Promise.all(
          cluster.servers.map(({ command }) => command('keys', `${prefix}*`)),
        )
        const counts = stored.map((keys) => keys.split('\n').length)
        expect(counts.reduce((sum, count) => sum + count)).toBe(100)
        expect(Math.min(...counts)).toBeGreaterThan(10)
      })
    })
  })
})
