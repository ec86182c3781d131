/**
 * A store that several instances share and that forgets values on its own, for example exchanged
 * tokens and introspection responses. A value may be missing at any time. Values are encrypted before
 * they are stored, so the store sees neither tokens nor claims.
 *
 * @example
 * import type { ExpiringStore } from '@resource-server/core'
 *
 * interface Redis {
 *   get(key: string): Promise<string | null>
 *   set(key: string, value: string, options: { PX: number }): Promise<unknown>
 *   del(key: string): Promise<number>
 * }
 *
 * export const expiringStore = (redis: Redis): ExpiringStore => ({
 *   get: (key) => redis.get(key),
 *   set: (key, value, lifetime) => redis.set(key, value, { PX: lifetime }),
 *   delete: (key) => redis.del(key),
 * })
 */
export interface ExpiringStore {
  /** Returns the value stored under this key, or `undefined` or `null` if there is none. */
  readonly get: (key: string) => Promise<string | null | undefined>
  /**
   * Stores a value under this key, replacing the previous one. The store forgets it after `lifetime`, an
   * integer number of milliseconds greater than 0. The result is ignored.
   */
  readonly set: (key: string, value: string, lifetime: number) => Promise<unknown>
  /** Forgets the value stored under this key, if there is one. The result is ignored. */
  readonly delete: (key: string) => Promise<unknown>
}
