import type { Commands } from './clients.ts'
import { RedisStoreError, storeErrorOf } from './store-error.ts'

/**
 * How many commands of one `redisStores` can wait for a response. If Redis hangs, each of them stays in the
 * memory of the client until the connection is closed.
 */
const maxPending = 10_000
/**
 * After how many milliseconds a command is no longer counted. `ioredis` can drop commands without rejecting
 * them (`autoResendUnfulfilledCommands: false`).
 */
const lostAfter = 30_000

/**
 * After how many milliseconds without a response nothing more is sent on a connection. `redis` notices a silent
 * connection only if nothing is written to it, because writing resets its `socketTimeout`.
 */
const maxSilence = 1000

/** Runs one command and returns its reply. @throws RedisStoreError */
export type Send = (command: (commands: Commands) => Promise<unknown>) => Promise<unknown>

/**
 * Limits each command: it fails after `timeout` milliseconds, and at once if the client is not connected, if
 * too many commands are pending, or if its only connection has become silent.
 */
export function limited(commands: Commands, timeout: number): Send {
  const pending = new PendingCommands()
  /** When the first command after the last response was sent. */
  let unansweredSince: number | undefined
  const setAnswered = (): void => void (unansweredSince = undefined)
  commands.onReady(setAnswered)
  const isSilent = (now: number): boolean =>
    commands.hasOneConnection && unansweredSince !== undefined && now - unansweredSince > maxSilence
  const check = (now: number): void => {
    if (!commands.isReady()) throw new RedisStoreError('DISCONNECTED')
    if (isSilent(now)) throw new RedisStoreError('NOT_RESPONDING')
    if (pending.count(now) >= maxPending) throw new RedisStoreError('TOO_MANY_PENDING')
  }
  return async (command) => {
    const now = performance.now()
    check(now)
    unansweredSince ??= now
    const settled = pending.add(now)
    const reply = start(command, commands).finally(() => {
      settled()
      setAnswered()
    })
    try {
      return await within(timeout, reply)
    } catch (error) {
      throw storeErrorOf(error, commands.isReady())
    }
  }
}

/** The commands that wait for a response. */
class PendingCommands {
  /** The oldest first. */
  readonly #commands = new Set<{ readonly sentAt: number }>()

  /** Returns a function that removes it. */
  add(sentAt: number): () => void {
    const command = { sentAt }
    this.#commands.add(command)
    return () => void this.#commands.delete(command)
  }

  count(now: number): number {
    for (const command of this.#commands) {
      if (now - command.sentAt < lostAfter) break
      this.#commands.delete(command)
    }
    return this.#commands.size
  }
}

/** A client may also throw. */
async function start(
  command: (commands: Commands) => Promise<unknown>,
  commands: Commands,
): Promise<unknown> {
  return command(commands)
}

async function within(milliseconds: number, reply: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    // If the process was busy, the reply may have arrived already: it is read before setImmediate calls back.
    const giveUp = (): void => void setImmediate(() => reject(new RedisStoreError('TIMEOUT')))
    timer = setTimeout(giveUp, milliseconds)
    timer.unref()
  })
  try {
    return await Promise.race([reply, late])
  } finally {
    clearTimeout(timer)
  }
}
