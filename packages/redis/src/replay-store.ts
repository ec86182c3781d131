import { createHash } from 'node:crypto'
import type { ReplayStore, UsedProof } from '@resource-server/core'
import type { Script } from './clients.ts'
import type { Send } from './limited.ts'
import { RedisStoreError } from './store-error.ts'

/**
 * Records a proof unless it is known. `SET` with `NX` is not enough for two reasons:
 *
 * - A client can send a command again if the connection fails. The value is different for each call, so
 *   the second `SET` of the same call is not mistaken for a replay.
 * - A server that restarts can lose what it stored. Its uptime must be from the moment of the `SET`, and
 *   from the same server of a cluster.
 *
 * The uptime is read first: if that fails, the proof stays unused.
 */
const text = `
local uptime = string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)')
local isNew = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
if isNew or redis.call('GET', KEYS[1]) == ARGV[1] then return { 1, uptime } end
return { 0, uptime }
`
// Redis names scripts by their SHA-1. `redis` sends a limited number of bytes in each turn of the event loop.
const consumeScript: Script = { text, digest: createHash('sha1').update(text).digest('hex') }

/** Keeps used proofs in Redis. */
export class RedisReplayStore implements ReplayStore {
  readonly #send: Send
  readonly #prefix: string
  #since: number | undefined

  constructor(send: Send, prefix: string) {
    this.#send = send
    this.#prefix = prefix
  }

  /** When the server started, or the one that started last in a cluster. Unknown before the first proof. */
  get since(): number | undefined {
    return this.#since
  }

  async consume({ id, expiresAt, now }: UsedProof): Promise<boolean> {
    const lifetime = Math.max(1, Math.ceil(expiresAt - now))
    const values = [crypto.randomUUID(), String(lifetime)]
    const reply = await this.#send((commands) =>
      commands.evaluate(consumeScript, this.#prefix + id, values),
    )
    const { isNew, uptime } = readReply(reply)
    this.#since = Math.max(this.#since ?? 0, now - uptime * 1000)
    return isNew
  }
}

/** @throws RedisStoreError unless it is what the script returns */
function readReply(reply: unknown): { readonly isNew: boolean; readonly uptime: number } {
  const [isNew, seconds]: readonly unknown[] = Array.isArray(reply) ? reply : []
  const uptime = typeof seconds === 'string' && /^\d+$/.test(seconds) ? Number(seconds) : undefined
  if ((isNew !== 0 && isNew !== 1) || uptime === undefined) {
    throw new RedisStoreError('UNEXPECTED_REPLY')
  }
  return { isNew: isNew === 1, uptime }
}
