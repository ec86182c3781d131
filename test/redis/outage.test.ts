import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { type RedisStoreError, redisStores } from '@resource-server/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasRedis, howToGetRedis } from '../../scripts/redis.mjs'
import { type Connection, kinds } from './clients.ts'
import { startProxy } from './proxy.mjs'
import { eventually, startCluster, startRedis } from './redis-server.mjs'
import { type Seen, startService } from './service.ts'

const password = 'SECRET'

async function start(connect: (url: string) => Promise<Connection>, options = {}) {
  const server = await startRedis({ password })
  onTestFinished(() => server.stop())
  const connection = await connect(server.url)
  onTestFinished(() => connection.close())
  const service = await startService(connection, { timeout: 900, ...options })
  onTestFinished(() => service.close())
  return { server, connection, service }
}

/** The caller learns when to try again. The operator learns the code, and no address and no password. */
function expectUnavailable(seen: Seen, code: string): void {
  const { status, error, retryAfter, record } = seen
  expect({ status, error, retryAfter }).toEqual({ status: 503, error: undefined, retryAfter: '1' })
  expect(record).toMatchObject({ outcome: 'unavailable', code: 'replay_store_unavailable' })
  expect(record.reason).toEqual(
    expect.stringMatching(`^the store of used proofs is unavailable: RedisStoreError ${code}$`),
  )
  expect(JSON.stringify(seen)).not.toContain(password)
}

const consume = (connection: Connection, timeout = 900, id: string = randomUUID()) => {
  const { replay } = redisStores(connection.client, { timeout })
  const now = Date.now()
  return replay.consume({ id, jkt: 'key', now, expiresAt: now + 75_000 })
}

const errorOf = async (result: boolean | Promise<boolean>): Promise<RedisStoreError> => {
  try {
    await result
  } catch (error) {
    return error as RedisStoreError
  }
  throw new Error('the store accepted the proof')
}

describe.runIf(hasRedis)(`Redis fails${hasRedis ? '' : ` (skipped: ${howToGetRedis})`}`, () => {
  describe.each(kinds)('with $name', ({ name, connect }) => {
    test('while it is down, every proof gets 503, and new proofs pass after a restart', async () => {
      const { server, connection, service } = await start(connect)
      expect((await service.send()).status).toBe(200)
      const used = service.headers()
      expect((await service.send(used)).status).toBe(200)

      await server.kill()
      for (let at = 0; at < 3; at += 1) {
        // The first code depends on whether the client has noticed yet.
        expectUnavailable(await service.send(), '(?:DISCONNECTED|E[A-Z]+|FAILED)')
      }
      expectUnavailable(await service.send(used), 'DISCONNECTED')

      // Redis has lost the used proof, which is from an earlier second than its start.
      service.clock.advance(5)
      await server.start()
      await connection.ready()
      const replayed = await service.send(used)
      expect(replayed).toMatchObject({ status: 401, error: 'invalid_dpop_proof' })
      expect(replayed.record.code).toBe('proof_not_current')
      expect((await service.send()).status).toBe(200)
    })

    test('after a restart, a proof with an old nonce gets a new nonce', async () => {
      const nonceSecret = 'a secret of at least 32 characters'
      const { server, connection, service } = await start(connect, { dpop: { nonceSecret } })
      const { nonce } = await service.send()
      await server.kill()
      service.clock.advance(5)
      await server.start()
      await connection.ready()
      const refused = await service.send(service.headers(nonce!))
      expect(refused).toMatchObject({ status: 401, error: 'use_dpop_nonce' })
      expect((await service.send(service.headers(refused.nonce!))).status).toBe(200)
    })

    test('while it hangs, every proof gets 503 after the timeout, and passes again later', async () => {
      const { server, service } = await start(connect)
      expect((await service.send()).status).toBe(200)
      server.freeze()
      const used = service.headers()
      expectUnavailable(await service.send(used), 'TIMEOUT')
      server.thaw()
      expect((await service.send()).status).toBe(200)
      // The command was executed after all. A proof that got 503 may be used up.
      expect((await service.send(used)).record.code).toBe('proof_replayed')
    })

    test('a command whose reply was lost is not taken for a replay if the client repeats it', async () => {
      const { server, connection } = await start(connect)
      const proxy = await startProxy(server.port)
      onTestFinished(() => proxy.close())
      const behindProxy = await connect(server.url.replace(String(server.port), String(proxy.port)))
      onTestFinished(() => behindProxy.close())
      // Otherwise, the first reply says that the server does not know the script.
      expect(await consume(connection)).toBe(true)
      const id = randomUUID()
      proxy.loseReply()
      const result = await Promise.resolve(consume(behindProxy, 900, id)).catch(
        (error: unknown) => error,
      )
      // ioredis sends it again. `redis` reports an error.
      const expected = name.startsWith('ioredis')
        ? true
        : expect.objectContaining({ name: 'RedisStoreError' })
      expect(result).toEqual(expected)
      expect(await consume(connection, 900, id)).toBe(false)
    })

    test('no error contains the password, even if Redis does not accept it', async () => {
      const { server, connection } = await start(connect)
      const { replay, keys, expiring } = redisStores(connection.client, { timeout: 900 })
      await server.kill()
      await server.start('another')
      const end = performance.now() + 300
      while (performance.now() < end) {
        const now = Date.now()
        const results = await Promise.allSettled([
          replay.consume({ id: randomUUID(), jkt: 'key', now, expiresAt: now + 1000 }),
          keys.get('key'),
          expiring.set('key', 'value', 1000),
        ])
        expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
        expect(inspect(results, { depth: 9, showHidden: true })).not.toContain(password)
      }
    })

    test('a missing permission is named', async () => {
      const { server, service } = await start(connect)
      // Redis 7.0 has no special code for a command that a script may not use.
      await server.command('acl', 'setuser', 'default', '-info')
      expectUnavailable(await service.send(), '(?:ERR|NOPERM)')
      await server.command('acl', 'setuser', 'default', '+info', '-evalsha')
      expectUnavailable(await service.send(), 'NOPERM')
    })

    test('if Redis is full, the proof is not accepted', async () => {
      const { server, service } = await start(connect)
      await server.command('config', 'set', 'maxmemory', '1')
      expectUnavailable(await service.send(), 'OOM')
    })
  })

  const newest = kinds.filter(({ name }) => name.endsWith('6'))

  test.each(newest)(
    '$name replaces a silent connection, although requests keep arriving',
    async ({ connect, connectWithSocketTimeout }) => {
      const { server } = await start(connect)
      const proxy = await startProxy(server.port)
      onTestFinished(() => proxy.close())
      const url = server.url.replace(String(server.port), String(proxy.port))
      const connection = await connectWithSocketTimeout(url, 2000)
      onTestFinished(() => connection.close())
      const { replay } = redisStores(connection.client, { timeout: 400 })
      const send = async (): Promise<boolean> => {
        const now = Date.now()
        return replay.consume({ id: randomUUID(), jkt: 'key', now, expiresAt: now + 75_000 })
      }
      expect(await send()).toBe(true)
      proxy.silence()
      const codes = new Set<unknown>()
      const note = ({ code }: RedisStoreError): boolean => !codes.add(code)
      await eventually('a new connection is used', () => send().catch(note))
      expect(codes).toContain('NOT_RESPONDING')
    },
  )

  test.each(newest)('$name does not collect commands while Redis hangs', async ({ connect }) => {
    const { server, connection } = await start(connect)
    const { replay } = redisStores(connection.client, { timeout: 900 })
    const now = Date.now()
    const send = async (): Promise<boolean> =>
      replay.consume({ id: randomUUID(), jkt: 'key', now, expiresAt: now + 75_000 })
    server.freeze()
    const pending = Array.from({ length: 10_000 }, () => errorOf(send()))
    expect((await errorOf(send())).code).toMatch(/^(?:TOO_MANY_PENDING|NOT_RESPONDING)$/)
    await Promise.all(pending)
    server.thaw()
    await eventually('Redis is used again', () => send().catch(() => false))
  })

  test.each(newest)(
    'if a server of a cluster is down, its proofs get 503, and all others pass: $name',
    async ({ connectCluster }) => {
      const { servers, stop } = await startCluster()
      onTestFinished(stop)
      await Promise.all(
        servers.map(({ command }) =>
          command('config', 'set', 'cluster-require-full-coverage', 'no'),
        ),
      )
      const connection = await connectCluster(servers.map(({ port }) => port))
      onTestFinished(() => connection.close())
      const service = await startService(connection, { timeout: 900 })
      onTestFinished(() => service.close())
      await servers[0]!.kill()
      const statuses = await Promise.all(Array.from({ length: 60 }, () => service.statusOf()))
      expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(5)
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(20)
      expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
    },
  )
})
