import type { KeyHealth, KeySource } from '../jwks/key-source.ts'
import { ConfigError } from '../errors/refusal.ts'
import type { CacheStatistics } from './token-cache.ts'

/** The state of the key sets and the cache, for a health endpoint. Contains no secrets. */
export interface Health {
  readonly issuers: readonly KeyHealth[]
  /** Absent if the cache is off. */
  readonly cache?: CacheStatistics
}

/**
 * Methods to operate a running service. They can be destructured, because none of them depends on `this`.
 */
export interface Operations {
  /**
   * Fetches the keys of all configured issuers, so that the first request does not wait for them. Waits for
   * at most five seconds. If it fails, the keys are fetched again in the background.
   *
   * @throws ConfigError if an issuer's metadata is invalid
   * @throws VerificationError if an issuer is unavailable
   */
  readonly warmUp: () => Promise<void>
  /**
   * Whether every configured issuer has usable keys, for a readiness probe. Never waits. If keys are
   * missing, starts to fetch them.
   */
  readonly ready: () => boolean
  /** Returns the state of the key sets and the cache. Never waits. */
  readonly health: () => Health
  /**
   * Fetches the keys of all issuers now, even if the current ones are fresh: for example, after a
   * compromised key was removed. A key that is missing from the response is no longer used.
   *
   * @throws ConfigError or VerificationError if a key set cannot be fetched; its previous keys stay in use
   */
  readonly refreshKeys: () => Promise<void>
  /** Refuses all keys with this `kid`, of every issuer, until the process restarts. */
  readonly blockKey: (kid: string) => void
  /** Stops all background work. The current keys remain usable until they expire. */
  readonly close: () => void
}

interface Parts {
  /** The key sources of configured issuers. The service is ready when all of them are. */
  readonly configured: () => readonly KeySource[]
  /** The key sources of the issuers that `resolveIssuer` accepted. */
  readonly resolved: () => readonly KeySource[]
  readonly cache: () => CacheStatistics | undefined
  /** Blocks a key of resolved issuers, now and later. */
  readonly blockKey: (kid: string) => void
  /** Closes the key sources of resolved issuers. */
  readonly close: () => void
}

export function operationsOn({ configured, resolved, cache, blockKey, close }: Parts): Operations {
  const sources = (): readonly KeySource[] => [...configured(), ...resolved()]
  return {
    warmUp: () => all(configured().map((source) => source.warmUp())),
    // Calls ready() on every source, because it starts to fetch missing keys.
    ready: () =>
      configured()
        .map((source) => source.ready())
        .every(Boolean),
    health: () => {
      const statistics = cache()
      return {
        issuers: sources().map((source) => source.health()),
        ...(statistics && { cache: statistics }),
      }
    },
    refreshKeys: () => all(sources().map((source) => source.refreshKeys())),
    blockKey: (kid) => {
      for (const source of configured()) source.blockKey(kid)
      blockKey(kid)
    },
    close: () => {
      for (const source of configured()) source.close()
      close()
    },
  }
}

/** Waits for all of them. Throws a ConfigError first, because a retry does not fix it. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work)
  const errors = outcomes.flatMap((outcome): unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  )
  if (errors.length > 0) throw errors.find((error) => error instanceof ConfigError) ?? errors[0]
}
