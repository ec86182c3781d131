/** Entries that were appended to a feed, in order, and the position after the last of them. */
export interface RevocationFeedPart {
  readonly entries: readonly string[]
  /** Pass it to the next `read`. */
  readonly position: string
}

/**
 * Distributes revocations to all processes of a service. Each process keeps its own copy of the entries and answers
 * from it, so a request never waits for the feed. A process reads the feed at least once per second. A successful
 * `read` is the heartbeat: without one for ten seconds, the copy counts as stale.
 *
 * The feed does not interpret the text of an entry. All processes that share a feed must use the same
 * `maxLifetime`.
 *
 * @example
 * import type { RevocationFeed } from '@resource-server/core'
 *
 * // For tests with several verifiers in one process.
 * export function sharedFeed(): RevocationFeed {
 *   const entries: string[] = []
 *   const listeners = new Set<() => void>()
 *   return {
 *     name: 'shared',
 *     append: async (entry) => {
 *       entries.push(entry)
 *       for (const listener of listeners) listener()
 *     },
 *     read: async (position = '0') => ({
 *       entries: entries.slice(Number(position)),
 *       position: String(entries.length),
 *     }),
 *     subscribe: (listener) => {
 *       listeners.add(listener)
 *       return () => listeners.delete(listener)
 *     },
 *   }
 * }
 */
export interface RevocationFeed {
  /** Names the feed in `health()`, such as `redis`. */
  readonly name: string
  /**
   * Appends an entry, and tells the subscribers of all processes. Resolves once every later `read` returns the entry.
   * The feed must keep it for `lifetime`, an integer number of milliseconds, and may then forget it. Rejects if the
   * entry was not stored.
   */
  readonly append: (entry: string, lifetime: number) => Promise<unknown>
  /**
   * Returns the entries after a position, or, without one, all entries that it has not forgotten. It may return only
   * some of them: it is then called again with the new position. Without new entries, it returns an empty list and
   * the same position. Rejects if the feed cannot be read.
   */
  readonly read: (position?: string) => Promise<RevocationFeedPart>
  /**
   * Calls the listener soon after any process appends an entry. Calls may be lost or repeated, because `read` is what
   * counts. Returns a function that ends the subscription. What that function returns is ignored.
   */
  readonly subscribe: (listener: () => void) => () => unknown
}
