/**
 * Stores key sets across restarts, in a file, in Redis, or elsewhere. The store does not have to be trusted,
 * because each key set is stored with an HMAC. Each call is limited to one second. An error or a timeout
 * never changes a decision. It is published as the event `not-stored`, without the text of the error, which can
 * contain a secret. To see the error, log it in `get` and `set`.
 *
 * @example
 * import { readFile, writeFile } from 'node:fs/promises'
 * import type { KeyStore } from '@resource-server/core'
 *
 * const fileOf = (name: string): string => `/var/cache/${encodeURIComponent(name)}`
 * export const store: KeyStore = {
 *   get: (name) => readFile(fileOf(name), 'utf8').catch(() => undefined),
 *   set: (name, value) => writeFile(fileOf(name), value),
 * }
 */
export interface KeyStore {
  /** Returns the value stored under this name, or `undefined` or `null` if there is none. */
  readonly get: (name: string) => Promise<string | null | undefined>
  /** Stores a value under this name, replacing the previous one. The result is ignored. */
  readonly set: (name: string, value: string) => Promise<unknown>
}

/** A key store, and the secret that protects its contents. */
export interface KeyStoreOptions {
  readonly store: KeyStore
  /**
   * The key of the HMAC-SHA-256 (RFC 2104): at least 32 characters, the same for all instances. Do not keep
   * it in the store. Anyone who knows it and can write to the store can forge tokens.
   */
  readonly secret: string
}
