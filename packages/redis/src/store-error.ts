/** The `code` of a `RedisStoreError`. */
export type RedisStoreErrorCode =
  | 'DISCONNECTED'
  | 'TIMEOUT'
  | 'NOT_RESPONDING'
  | 'TOO_MANY_PENDING'
  | 'UNEXPECTED_REPLY'
  | 'FAILED'
  // The code of a Redis error, such as NOPERM or OOM, or of the operating system, such as ECONNRESET.
  | (string & {})

const messages: Readonly<Record<string, string>> = {
  DISCONNECTED: 'The Redis client is not connected.',
  TIMEOUT: 'Redis did not respond in time.',
  NOT_RESPONDING: 'Redis has not responded to anything for one second.',
  TOO_MANY_PENDING: 'Too many commands are waiting for a response from Redis.',
  UNEXPECTED_REPLY: 'Redis sent an unexpected reply.',
  FAILED: 'The Redis client failed.',
}

/**
 * Redis is unavailable, or refused a command. This error contains nothing from the client's error except a
 * code, because the client's error can contain the URL, the password, and the command.
 *
 * @example
 * import { RedisStoreError, type RedisStores } from '@resource-server/redis'
 *
 * export async function isReachable({ expiring }: RedisStores): Promise<boolean> {
 *   try {
 *     await expiring.get('any')
 *     return true
 *   } catch (error) {
 *     if (error instanceof RedisStoreError) console.error(error.code) // such as TIMEOUT
 *     return false
 *   }
 * }
 */
export class RedisStoreError extends Error {
  override readonly name: string = 'RedisStoreError'
  /**
   * `DISCONNECTED`, `TIMEOUT`, `NOT_RESPONDING`, `TOO_MANY_PENDING`, `UNEXPECTED_REPLY`, `FAILED`, the code of a
   * Redis error, such as `NOPERM`, or the code of a system error, such as `ECONNRESET`.
   */
  readonly code: RedisStoreErrorCode

  constructor(code: RedisStoreErrorCode) {
    super(messages[code] ?? `Redis is unavailable or refused the command: ${code}.`)
    this.code = code
  }
}

/** `NOPERM`, `ECONNREFUSED`. A message that starts with another word is not quoted. */
const codeWord = /^[A-Z][A-Z0-9_]{1,31}(?![^ ])/

/** How both packages describe a connection that is closed or not open yet. */
const disconnected = /\b(?:closed|offline)\b|enableOfflineQueue|not ready/i

/** Keeps the code of what the client rejected with, and nothing else. */
export function storeErrorOf(thrown: unknown, isReady: boolean): RedisStoreError {
  if (thrown instanceof RedisStoreError) return thrown
  const { code, message } = (thrown ?? {}) as {
    readonly code?: unknown
    readonly message?: unknown
  }
  const texts = [code, message].filter((text) => typeof text === 'string')
  const word = texts.map((text) => codeWord.exec(text)?.[0]).find((found) => found !== undefined)
  if (word !== undefined) return new RedisStoreError(word)
  const isConnected = isReady && !texts.some((text) => disconnected.test(text))
  return new RedisStoreError(isConnected ? 'FAILED' : 'DISCONNECTED')
}
