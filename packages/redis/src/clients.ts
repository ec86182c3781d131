import { ConfigError } from '@resource-server/core'

/**
 * A client from the package `redis` 5 or 6: from `createClient`, `createCluster`, `createSentinel`, or
 * `createClientPool`.
 */
export interface NodeRedisClient {
  readonly isOpen: boolean
  /** Clusters in `redis` 5 do not have it. */
  readonly isReady?: boolean
  on(event: 'ready', listener: () => void): unknown
  withCommandOptions(options: { readonly timeout: number; readonly typeMapping: object }): object
}

/** A client from the package `ioredis` 5 or 6: a `Redis` or a `Cluster`. */
export interface IoredisClient {
  readonly status: string
  readonly isCluster: boolean
  on(event: 'ready', listener: () => void): unknown
  get(key: string): Promise<unknown>
  set(key: string, value: string, unit: 'PX', lifetime: number): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, keyCount: number, ...keyAndValues: string[]): Promise<unknown>
  evalsha(digest: string, keyCount: number, ...keyAndValues: string[]): Promise<unknown>
}

/** A client from either package. */
export type RedisClient = NodeRedisClient | IoredisClient

/** A Lua script. */
export interface Script {
  readonly text: string
  /** Its SHA-1 in hexadecimal, by which a server knows it. */
  readonly digest: string
}

/** The commands that the stores need. Each has exactly one key, so a cluster can keep it in any slot. */
export interface Commands {
  /** Whether the client is connected. Both packages queue commands while it is not. */
  readonly isReady: () => boolean
  /** Calls back after each reconnection. */
  readonly onReady: (listener: () => void) => void
  /** Then Redis answers commands in the order in which they were sent. */
  readonly hasOneConnection: boolean
  readonly get: (key: string) => Promise<unknown>
  /** The lifetime is in milliseconds, an integer greater than 0. */
  readonly set: (key: string, value: string, lifetime: number) => Promise<unknown>
  readonly delete: (key: string) => Promise<unknown>
  /** Runs a Lua script with one key. */
  readonly evaluate: (script: Script, key: string, values: readonly string[]) => Promise<unknown>
}

/** @throws ConfigError if the client is from neither package */
export function commandsOf(client: RedisClient): Commands {
  if (isIoredis(client)) return commandsOfIoredis(client)
  if (isNodeRedis(client)) return commandsOfNodeRedis(client)
  throw new ConfigError(
    "redisStores() needs a client of 'redis' (5 or 6) or 'ioredis' (5 or 6).",
    'Pass the result of createClient(), createCluster(), new Redis(), or new Cluster().',
  )
}

function isIoredis(client: unknown): client is IoredisClient {
  const { status, eval: evaluate } = (client ?? {}) as Partial<IoredisClient>
  return typeof status === 'string' && typeof evaluate === 'function'
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  const { isOpen, withCommandOptions } = (client ?? {}) as Partial<NodeRedisClient>
  return typeof isOpen === 'boolean' && typeof withCommandOptions === 'function'
}

function commandsOfIoredis(client: IoredisClient): Commands {
  return {
    isReady: () => client.status === 'ready',
    onReady: (listener) => void client.on('ready', listener),
    hasOneConnection: !client.isCluster,
    get: (key) => client.get(key),
    set: (key, value, lifetime) => client.set(key, value, 'PX', lifetime),
    delete: (key) => client.del(key),
    evaluate: ({ text, digest }, key, values) =>
      unlessUnknown(client.evalsha(digest, 1, key, ...values), () =>
        client.eval(text, 1, key, ...values),
      ),
  }
}

/** The types of `redis` depend on modules and type mappings, so this is the part that all clients have. */
interface NodeRedisCommands {
  get(key: string): Promise<unknown>
  set(
    key: string,
    value: string,
    options: { readonly expiration: { readonly type: 'PX'; readonly value: number } },
  ): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, options: ScriptOptions): Promise<unknown>
  evalSha(digest: string, options: ScriptOptions): Promise<unknown>
}

interface ScriptOptions {
  readonly keys: string[]
  readonly arguments: string[]
}

function commandsOfNodeRedis(client: NodeRedisClient): Commands {
  // A timeout of `redis` costs more than the rest of the command, and `redisStores` has its own. Without a mapping
  // of types, replies are strings and numbers.
  const commands = client.withCommandOptions({ timeout: 0, typeMapping: {} }) as NodeRedisCommands
  return {
    isReady: () => client.isReady ?? client.isOpen,
    onReady: (listener) => void client.on('ready', listener),
    // Clusters, pools, and Sentinel clients have no such method.
    hasOneConnection: 'monitor' in client,
    get: (key) => commands.get(key),
    set: (key, value, lifetime) =>
      commands.set(key, value, { expiration: { type: 'PX', value: lifetime } }),
    delete: (key) => commands.del(key),
    evaluate: ({ text, digest }, key, values) => {
      const options = { keys: [key], arguments: [...values] }
      return unlessUnknown(commands.evalSha(digest, options), () => commands.eval(text, options))
    },
  }
}

/** A server that has not seen the script since its start needs the text. */
async function unlessUnknown(
  byDigest: Promise<unknown>,
  byText: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await byDigest
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return byText()
    throw error
  }
}
