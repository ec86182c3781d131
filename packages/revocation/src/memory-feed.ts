import type { RevocationFeed } from '@resource-server/core'

interface Stored {
  readonly entry: string
  readonly expiresAt: number
}

/**
 * A feed for several lists in one process, for example in tests. It forgets everything when the process ends.
 *
 * @param now returns the time in milliseconds. Default: the system's monotonic clock.
 *
 * @example
 * import { createRevocationList, memoryRevocationFeed } from '@resource-server/revocation'
 *
 * const feed = memoryRevocationFeed()
 * export const lists = [createRevocationList({ feed }), createRevocationList({ feed })]
 */
export function memoryRevocationFeed(now: () => number = () => performance.now()): RevocationFeed {
  const stored: Stored[] = []
  /** How many entries were forgotten. A position is the number of entries before it. */
  let forgotten = 0
  const listeners = new Set<() => void>()
  return {
    name: 'memory',
    append: async (entry, lifetime) => {
      while (stored[0] && stored[0].expiresAt <= now()) {
        stored.shift()
        forgotten += 1
      }
      stored.push({ entry, expiresAt: now() + lifetime })
      for (const listener of listeners) listener()
    },
    read: async (position = '0') => ({
      entries: stored.slice(Math.max(0, Number(position) - forgotten)).map(({ entry }) => entry),
      position: String(forgotten + stored.length),
    }),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
