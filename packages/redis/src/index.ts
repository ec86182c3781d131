import type { ExpiringStore, KeyStore, ReplayStore } from '@resource-server/core'
import { commandsOf, type RedisClient } from './clients.ts'
import { limited, type Send } from './limited.ts'
import { readOptions, type RedisStoresOptions } from './options.ts'
import { RedisReplayStore } from './replay-store.ts'
import { RedisStoreError } from './store-error.ts'

export type { IoredisClient, NodeRedisClient, RedisClient } from './clients.ts'
export type { RedisStoresOptions } from './options.ts'
export { RedisStoreError, type RedisStoreErrorCode } from './store-error.ts'
export {
  redisRevocationFeed,
  type RedisRevocationFeedOptions,
  type RedisSubscriber,
} from './revocation-feed.ts'

/** The stores of one Redis client. */
export interface RedisStores {
  /** Used DPoP proofs, for `dpop: { store }` (RFC 9449 section 11.1). */
  readonly replay: ReplayStore
  /** Key sets, for `keyStore: { store, secret }`. A key set is kept for 49 hours. */
  readonly keys: KeyStore
  /** Values that expire, for packages that share tokens or responses between instances. */
  readonly expiring: ExpiringStore
}

/**
 * Stores that keep their values in Redis 6 or later. The client is yours: connect it, listen for its errors,
 * and close it.
 *
 * A call fails with a `RedisStoreError` if it takes longer than `timeout`, or at once if the client is not connected.
 * Calls are not queued, retried, or answered from memory. Each command has one key, so a cluster needs no
 * hash tags.
 *
 * A proof is not remembered if Redis evicts its key, if its data is deleted, or if a replica that has not
 * received it is promoted. After a restart of Redis, proofs from before the restart are refused.
 *
 * @example
 * import { createClient } from 'redis'
 * import { resourceServer } from '@resource-server/express'
 * import { redisStores } from '@resource-server/redis'
 *
 * const client = createClient({ url: process.env['REDIS_URL'] ?? '', disableOfflineQueue: true })
 * client.on('error', (error) => console.error('Redis', error.code))
 * await client.connect()
 *
 * const stores = redisStores(client)
 * export const api = resourceServer({
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   publicUrl: 'https://api.example.com',
 *   dpop: { store: stores.replay },
 * })
 *
 * @throws ConfigError if the client is from neither package, or an option is not valid
 */
export function redisStores(client: RedisClient, options: RedisStoresOptions = {}): RedisStores {
  const { prefix, timeout } = readOptions('redisStores', options)
  const send = limited(commandsOf(client), timeout)
  return Object.freeze({
    replay: new RedisReplayStore(send, `${prefix}proof:`),
    keys: keyStore(send, `${prefix}key-set:`),
    expiring: expiringStore(send, `${prefix}value:`),
  })
}

/** In milliseconds. Longer than `maxKeySetAge` and `staleIfError` together can be: 24 hours each. */
const keySetLifetime = 49 * 60 * 60 * 1000

function keyStore(send: Send, prefix: string): KeyStore {
  return {
    get: async (name) => textOf(await send(({ get }) => get(prefix + name))),
    set: (name, value) => send(({ set }) => set(prefix + name, value, keySetLifetime)),
  }
}

function expiringStore(send: Send, prefix: string): ExpiringStore {
  return {
    get: async (key) => textOf(await send(({ get }) => get(prefix + key))),
    set: (key, value, lifetime) => send(({ set }) => set(prefix + key, value, lifetime)),
    delete: (key) => send((commands) => commands.delete(prefix + key)),
  }
}

function textOf(reply: unknown): string | null {
  if (reply === null || typeof reply === 'string') return reply
  throw new RedisStoreError('UNEXPECTED_REPLY')
}
