import type { Commands } from './clients.ts'
import { RedisStoreError, storeErrorOf } from './store-error.ts'

/**
 * How many commands of one `redisStores` can wait for a response. If Redis hangs, each of them stays in the
 * memory of the client until the connection is closed.
 */
const maxPending = 10_000

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
  let pending = 0
  /** When the first command after the last response was sent. */
  let unansweredSince: number | undefined
  const isSilent = (now: number): boolean =>
    commands.hasOneConnection && unansweredSince !== undefined && now - unansweredSince > maxSilence
  const check = (now: number): void => {
    if (!commands.isReady()) throw new RedisStoreError('DISCONNECTED')
    if (isSilent(now)) throw new RedisStoreError('NOT_RESPONDING')
    if (pending >= maxPending) throw new RedisStoreError('TOO_MANY_PENDING')
  }
  return async (command) => {
    const now = performance.now()
    check(now)
    unansweredSince ??= now
    pending += 1
    const reply = start(command, commands).finally(() => {
      pending -= 1
      unansweredSince = undefined
    })
    try {
      return await within(timeout, reply)
    } catch (error) {
      throw storeErrorOf(error, commands.isReady())
    }
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
    timer = setTimeout(() => reject(new RedisStoreError('TIMEOUT')), milliseconds)
    timer.unref()
  })
  try {
    return await Promise.race([reply, late])
  } finally {
    clearTimeout(timer)
  }
}
