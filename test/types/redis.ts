// Every kind of client can be passed to `redisStores`, with the types of its package.
import { resourceServer } from '@resource-server/express'
import { type RedisStores, redisStores } from '@resource-server/redis'
import * as ioredis from 'ioredis'
import * as ioredis5 from 'ioredis-5'
import * as redis from 'redis'
import * as redis5 from 'redis-5'

const rootNodes = [{ url: 'redis://localhost' }]
const sentinel = { name: 'orders', sentinelRootNodes: [{ host: 'localhost', port: 26_379 }] }

redisStores(redis.createClient())
redisStores(redis.createClient({ RESP: 2 }))
redisStores(redis.createCluster({ rootNodes }))
redisStores(redis.createSentinel(sentinel))
redisStores(redis.createClientPool())
redisStores(redis5.createClient())
redisStores(redis5.createClient({ RESP: 3 }))
redisStores(redis5.createCluster({ rootNodes }))
redisStores(redis5.createSentinel(sentinel))
redisStores(redis5.createClientPool())
redisStores(new ioredis.Redis())
redisStores(new ioredis.Cluster([]))
redisStores(new ioredis5.Redis())
redisStores(new ioredis5.Cluster([]))

// @ts-expect-error A URL is not a client.
redisStores('redis://localhost')
// @ts-expect-error Neither is a map.
redisStores(new Map<string, string>())
// @ts-expect-error The lifetime of a proof is not an option.
redisStores(new ioredis.Redis(), { ttl: 60 })

const { replay, keys }: RedisStores = redisStores(new ioredis.Redis(), { timeout: 100 })
resourceServer({
  issuer: 'https://as.example.com',
  publicUrl: 'https://api.example.com',
  dpop: { store: replay },
  keyStore: { store: keys, secret: 'a secret of at least 32 characters' },
})
