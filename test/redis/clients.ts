import type { RedisClient } from '@resource-server/redis'
import * as ioredis from 'ioredis'
import * as ioredis5 from 'ioredis-5'
import * as redis from 'redis'
import * as redis5 from 'redis-5'

/** A connected client, as a user creates it. */
export interface Connection {
  readonly client: RedisClient
  /** Resolves once the client is connected, also after the server was down. */
  readonly ready: () => Promise<unknown>
  readonly close: () => void
}

export interface Kind {
  readonly name: string
  readonly connect: (url: string) => Promise<Connection>
  /** The same, with a socket timeout, in milliseconds. */
  readonly connectWithSocketTimeout: (url: string, socketTimeout: number) => Promise<Connection>
  readonly connectCluster: (ports: readonly number[]) => Promise<Connection>
}

/** Errors are expected when the server is down. An unhandled `error` event would end the process. */
const ignore = (): void => {}

const nodesOf = (ports: readonly number[]): { host: string; port: number }[] =>
  ports.map((port) => ({ host: '127.0.0.1', port }))

/** Both versions of a package have the same functions, and types that differ in irrelevant ways. */
function nodeRedis(name: string, { createClient, createCluster }: typeof redis): Kind {
  const connect = async (url: string, options = {}): Promise<Connection> => {
    const socket = { reconnectStrategy: 50, ...options }
    const client = createClient({ url, disableOfflineQueue: true, socket })
    client.on('error', ignore)
    await client.connect()
    const ready = async (): Promise<void> => {
      if (!client.isReady) await new Promise((resolve) => client.once('ready', resolve))
    }
    return { client, ready, close: () => client.destroy() }
  }
  return {
    name,
    connect: (url) => connect(url),
    connectWithSocketTimeout: (url, socketTimeout) => connect(url, { socketTimeout }),
    connectCluster: async (ports) => {
      const rootNodes = nodesOf(ports).map((socket) => ({ socket }))
      const client = createCluster({ rootNodes, defaults: { disableOfflineQueue: true } })
      client.on('error', ignore)
      await client.connect()
      return { client, ready: async () => {}, close: () => client.destroy() }
    },
  }
}

function ioredisOf(name: string, { Redis, Cluster }: typeof ioredis): Kind {
  const connect = async (url: string, options = {}): Promise<Connection> => {
    const client = new Redis(url, {
      enableOfflineQueue: false,
      retryStrategy: () => 50,
      ...options,
    })
    client.on('error', ignore)
    const ready = async (): Promise<void> => {
      if (client.status !== 'ready') await new Promise((resolve) => client.once('ready', resolve))
    }
    await ready()
    return { client, ready, close: () => client.disconnect() }
  }
  return {
    name,
    connect: (url) => connect(url),
    // With this option, ioredis drops the commands of a closed connection without rejecting them.
    connectWithSocketTimeout: (url, socketTimeout) =>
      connect(url, { socketTimeout, autoResendUnfulfilledCommands: false }),
    connectCluster: async (ports) => {
      const client = new Cluster(nodesOf(ports), { enableOfflineQueue: false })
      client.on('error', ignore)
      await new Promise((resolve) => client.once('ready', resolve))
      return { client, ready: async () => {}, close: () => client.disconnect() }
    },
  }
}

export const kinds: readonly Kind[] = [
  nodeRedis('redis 6', redis),
  nodeRedis('redis 5', redis5 as unknown as typeof redis),
  ioredisOf('ioredis 6', ioredis),
  ioredisOf('ioredis 5', ioredis5 as unknown as typeof ioredis),
]
