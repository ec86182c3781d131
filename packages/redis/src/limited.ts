import type { Commands } from './clients.ts'
import { RedisStoreError, storeErrorOf } from './store-error.ts'

/**
 * How many commands of one `redisStores` can wait for a response. If Redis hangs, each of them stays in the
 * memory of the client until the connection is closed.
 */
const maxPending = 10_000

/** Runs one command and returns its reply. @throws RedisStoreError */
export type Send = (command: (commands: Commands) => Promise<unknown>) => Promise<unknown>

/**
 * Limits each command: it fails at once if the client is not connected or too many commands are pending, and
 * after `timeout` milliseconds.
 */
export function limited(commands: Commands, timeout: number): Send {
  let pending = 0
  return async (command) => {
    if (!commands.isReady()) throw new RedisStoreError('DISCONNECTED')
    if (pending >= maxPending) throw new RedisStoreError('TOO_MANY_PENDING')
    pending += 1
    const reply = start(command, commands).finally(() => (pending -= 1))
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
