// The service under test: an Express app in its own process that keeps used proofs in Redis.
import { createServer } from 'node:http'
import { resourceServer } from '@resource-server/express'
import { redisStores } from '@resource-server/redis'
import express from 'express'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'

const { library, ports, issuer, jwks } = JSON.parse(process.argv[2] ?? '{}')
/** @type {{ host: string, port: number }[]} */
const nodes = ports.map((/** @type {number} */ port) => ({ host: '127.0.0.1', port }))
const [{ host, port } = { host: '', port: 0 }] = nodes

/** The options that docs/redis.md recommends. */
const socket = {
  connectTimeout: 1000,
  socketTimeout: 3000,
  reconnectStrategy: (/** @type {number} */ retries) => Math.min(50 * 2 ** retries, 1000),
}
const ioredisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 1000,
  socketTimeout: 3000,
  retryStrategy: (/** @type {number} */ attempts) => Math.min(50 * 2 ** attempts, 1000),
}

/** @typedef {import('@resource-server/redis').RedisClient} RedisClient */
/** @type {Record<string, () => Promise<RedisClient>>} */
const connect = {
  redis: async () => {
    const url = `redis://${host}:${port}`
    const client = createClient({ url, disableOfflineQueue: true, socket })
    client.on('error', () => {})
    await client.connect()
    return client
  },
  ioredis: async () => {
    const client = new Redis({ host, port, ...ioredisOptions, lazyConnect: true })
    client.on('error', () => {})
    await client.connect()
    return client
  },
  'redis, cluster': async () => {
    const rootNodes = nodes.map((node) => ({ socket: node }))
    const client = createCluster({ rootNodes, defaults: { disableOfflineQueue: true, socket } })
    client.on('error', () => {})
    await client.connect()
    return client
  },
  'ioredis, cluster': async () => {
    const { enableOfflineQueue, ...redisOptions } = ioredisOptions
    const client = new Cluster(nodes, { enableOfflineQueue, redisOptions })
    client.on('error', () => {})
    await new Promise((resolve) => client.once('ready', resolve))
    return client
  },
}

const client = await connect[library]?.()
if (!client) throw new Error(`unknown library: ${library}`)
/** @type {Record<string, number>} */
const reasons = {}
const api = resourceServer({
  issuer,
  jwks,
  audience: 'orders',
  publicUrl: 'https://api.example',
  dpop: { store: redisStores(client).replay },
  onDecision: ({ reason }) => {
    const code = /RedisStoreError (\w+)/.exec(reason ?? '')?.[1]
    if (code) reasons[code] = (reasons[code] ?? 0) + 1
  },
})
const app = express().get('/orders', api.requireAuthentication(), (_req, res) => void res.end('ok'))
const server = createServer(app).listen(0, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  process.send?.({ port: address.port })
})

const memory = () => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
process.on('message', () => process.send?.({ memory: memory(), reasons }))
// Otherwise, a connection could be closed at the moment of the next request.
server.keepAliveTimeout = 0

process.on('disconnect', () => process.exit())
