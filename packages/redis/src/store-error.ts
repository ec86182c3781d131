/** What a store of this package rejects with. */
export type RedisStoreErrorCode =
  | 'DISCONNECTED'
  | 'TIMEOUT'
  | 'TOO_MANY_PENDING'
  | 'UNEXPECTED_REPLY'
  | 'FAILED'
  // The code of a Redis error, such as NOPERM or OOM, or of the operating system, such as ECONNRESET.
  | (string & {})

const messages: Readonly<Record<string, string>> = {
  DISCONNECTED: 'The Redis client is not connected.',
  TIMEOUT: 'Redis did not respond in time.',
  TOO_MANY_PENDING: 'Too many commands are waiting for a response of Redis.',
  UNEXPECTED_REPLY: 'Redis sent an unexpected reply.',
  FAILED: 'The Redis client failed.',
}

/**
 * Redis is unavailable, or refused a command. It contains nothing of the client's error except a code,
 * because that error can contain the URL, the password, and the command.
 */
export class RedisStoreError extends Error {
  override readonly name: string = 'RedisStoreError'
  /**
   * `DISCONNECTED`, `TIMEOUT`, `TOO_MANY_PENDING`, `UNEXPECTED_REPLY`, `FAILED`, the code of a Redis error, such
   * as `NOPERM`, or the code of a system error, such as `ECONNRESET`.
   */
  readonly code: RedisStoreErrorCode

  constructor(code: RedisStoreErrorCode) {
    super(messages[code] ?? `Redis is unavailable or refused the command: ${code}.`)
    this.code = code
  }
}

/** `NOPERM`, `ECONNREFUSED`. A message that starts with another word is not quoted. */
const codeWord = /^[A-Z][A-Z0-9_]{1,31}(?![^ ])/

/** Keeps the code of what the client rejected with, and nothing else. */
export function storeErrorOf(thrown: unknown, isReady: boolean): RedisStoreError {
  if (thrown instanceof RedisStoreError) return thrown
  const { code, message } = (thrown ?? {}) as {
    readonly code?: unknown
    readonly message?: unknown
  }
  const found = [code, message]
    .filter((text) => typeof text === 'string')
    .map((text) => codeWord.exec(text)?.[0])
    .find((word) => word !== undefined)
  return new RedisStoreError(found ?? (isReady ? 'FAILED' : 'DISCONNECTED'))
}
