import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasRedis, howToGetRedis } from '../../scripts/redis.mjs'
import { doctor } from '../diagnosis/cli.ts'
import { type RedisServer, startRedis } from './redis-server.mjs'

const password = 'the-password'

/** The options of a service with both stores on Redis. `end` runs when they are loaded. */
const options = (url: string, end = ''): string => `
  import { createClient } from 'redis'
  import { redisStores } from '@resource-server/redis'
  import { createSigningKey } from '@resource-server/testing'

  const client = createClient({ url: '${url}', disableOfflineQueue: true, socket: { reconnectStrategy: false } })
  client.on('error', () => {})
  await client.connect()
  const stores = redisStores(client)
  ${end}
  export const options = {
    issuer: { issuer: 'https://as.example.com', jwks: { keys: [createSigningKey('ES256', 'a').publicJwk] } },
    audience: 'order-service',
    publicUrl: 'https://orders.example.com',
    dpop: { store: stores.replay },
  }`

describe.skipIf(!hasRedis)(`doctor with Redis${hasRedis ? '' : `: ${howToGetRedis}`}`, () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis({ password })
    await redis.command('acl', 'setuser', 'reader', 'on', '>reads', '~*', '+get', '+ping', '+hello')
  })
  afterAll(() => redis.stop())

  test('passes stores that work', async () => {
    const { code, out } = await doctor(options(redis.url, 'client.unref()'))
    expect(out).toMatch(/^✔ replay store +accepts a proof only once$/m)
    expect(code).toBe(0)
  })

  test('says what a Redis user lacks, without the password', async () => {
    const url = redis.url.replace(`:${password}@`, 'reader:reads@')
    const { code, out } = await doctor(options(url, 'client.unref()'))
    expect(out).toMatch(
      /^✘ replay store .*NOPERM\.\n +→ Allow the Redis user to run get, set, del/m,
    )
    expect(out).not.toContain('reads')
    expect(code).toBe(1)
  })

  test('says that the client is not connected', async () => {
    const { code, out } = await doctor(options(redis.url, 'client.destroy()'))
    expect(out).toMatch(
      /^✘ replay store +The Redis client is not connected\.\n +→ Check the Redis URL/m,
    )
    expect(code).toBe(1)
  })
})
