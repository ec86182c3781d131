import { createHash } from 'node:crypto'
import { ConfigError, type RevocationFeed, type RevocationFeedPart } from '@resource-server/core'
import { commandsOf, type RedisClient, type Script } from './clients.ts'
import { limited } from './limited.ts'
import { readOptions, type RedisStoresOptions } from './options.ts'
import { RedisStoreError } from './store-error.ts'

/**
 * A client that subscribes: a duplicate of the one that sends commands. Clients of `redis` and `ioredis` match
 * this type.
 */
export interface RedisSubscriber {
  /** `redis` passes messages to `listener`. `ioredis` ignores it, and emits `message`. */
  subscribe(channel: string, listener: () => void): unknown
  on(event: 'message' | 'ready', listener: (channel: string) => void): unknown
}

/** The options of `redisRevocationFeed`. */
export interface RedisRevocationFeedOptions extends RedisStoresOptions {
  /**
   * A second client, connected to the same Redis: `client.duplicate()`. A connection that subscribes cannot be used for
   * other commands. Without it, revocations arrive with the next read, which is up to one second later.
   */
  readonly subscriber?: RedisSubscriber
}

/**
 * Distributes revocations to all processes of a service through a stream in Redis 6 or later, and a channel that tells
 * them about new ones. Each entry is removed from the stream when it no longer matters. The clients are yours: connect
 * them, listen for their errors, and close them.
 *
 * What Redis loses is lost for processes that start afterwards. Use persistence (`appendonly yes`), and disable
 * eviction.
 *
 * @example
 * import { createClient } from 'redis'
 * import { redisRevocationFeed } from '@resource-server/redis'
 *
 * const client = createClient({ url: process.env['REDIS_URL'] ?? '', disableOfflineQueue: true })
 * const subscriber = client.duplicate()
 * for (const each of [client, subscriber]) {
 *   each.on('error', (error) => console.error('Redis', error.code))
 *   await each.connect()
 * }
 * // createRevocationList({ feed }) from @resource-server/revocation
 * export const feed = redisRevocationFeed(client, { subscriber })
 *
 * @throws ConfigError if the client is from neither package, or an option is not valid
 */
export function redisRevocationFeed(
  client: RedisClient,
  { subscriber, ...options }: RedisRevocationFeedOptions = {},
): RevocationFeed {
  const { prefix, timeout } = readOptions('redisRevocationFeed', options)
  const send = limited(commandsOf(client), timeout)
  const key = `${prefix}revocations`
  const told = subscriber === undefined ? () => () => {} : subscriptionOf(subscriber, key)
  return Object.freeze({
    name: 'redis',
    append: (entry: string, lifetime: number) =>
      send((commands) => commands.evaluate(appendScript, key, [entry, String(lifetime)])),
    read: async (position = '0-0') =>
      readPart(await send((commands) => commands.evaluate(readScript, key, [position])), position),
    subscribe: told,
  })
}

const script = (text: string): Script => ({
  text,
  // Redis names scripts by their SHA-1.
  digest: createHash('sha1').update(text).digest('hex'),
})

/**
 * Appends an entry, and removes the oldest ones that have expired. The name of the channel is that of the key. The times are
 * those of the server, so the clocks of the processes don't matter.
 */
const appendScript = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id = redis.call('XADD', KEYS[1], '*', 'entry', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]))
for _, old in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 100)) do
  if tonumber(old[2][4]) > now then break end
  redis.call('XDEL', KEYS[1], old[1])
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('PUBLISH', KEYS[1], id)
return id
`)

/** Returns the position after the last entry, and the entries after a position: at most 1000. */
const readScript = script(`
local result = { ARGV[1] }
for _, one in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', 1001)) do
  if one[1] ~= ARGV[1] and #result <= 1000 then
    result[1] = one[1]
    result[#result + 1] = one[2][2]
  end
end
return result
`)

/** @throws RedisStoreError unless it is what the script returns */
function readPart(reply: unknown, from: string): RevocationFeedPart {
  const [position = from, ...entries]: readonly unknown[] = Array.isArray(reply) ? reply : [0]
  if (typeof position !== 'string' || !entries.every((entry) => typeof entry === 'string')) {
    throw new RedisStoreError('UNEXPECTED_REPLY')
  }
  return { position, entries }
}

/** Subscribes once, at the first listener. Messages may be lost: the list also reads on its own. */
function subscriptionOf(subscriber: RedisSubscriber, channel: string): RevocationFeed['subscribe'] {
  if (typeof subscriber.subscribe !== 'function' || typeof subscriber.on !== 'function') {
    throw new ConfigError(
      "'subscriber' must be a client of 'redis' or 'ioredis'.",
      'Pass client.duplicate(), connected.',
    )
  }
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  let isSubscribed = false
  const subscribe = async (): Promise<void> => {
    if (isSubscribed || listeners.size === 0) return
    isSubscribed = true
    try {
      await subscriber.subscribe(channel, tell)
    } catch {
      // Until it is connected again, entries arrive with the next read. After that, the client subscribes by itself.
      isSubscribed = false
    }
  }
  subscriber.on('message', (from) => {
    if (from === channel) tell()
  })
  subscriber.on('ready', () => void subscribe())
  return (listener) => {
    listeners.add(listener)
    void subscribe()
    return () => listeners.delete(listener)
  }
}
