import type { KeyHealth, KeySource } from '../jwks/key-source.ts'
import { ConfigError } from '../errors/refusal.ts'
import type { CacheStatistics } from './token-cache.ts'

/** For a health page. It names no secret. */
export interface Health {
  readonly issuers: readonly KeyHealth[]
  /** Absent where no token is remembered. */
  readonly cache?: CacheStatistics
}

/** What an operator asks and does while the service runs. Nothing here depends on `this`. */
export interface Operations {
  /**
   * Fetches the keys of all issuers, so that the first request does not wait for them. It waits five
   * seconds at the most. Where it fails, the keys are asked for again in the background.
   *
   * @throws ConfigError where an issuer's metadata cannot be right
   * @throws VerificationError where an issuer cannot be reached
   */
  readonly warmUp: () => Promise<void>
  /**
   * For a readiness probe: whether every issuer has keys that may serve. Never waits; where keys are
   * missing it starts an attempt.
   */
  readonly ready: () => boolean
  readonly health: () => Health
  /**
   * Asks all issuers for their keys now, whatever is held, on the day that a key was compromised. A key
   * that the answer lacks serves no more.
   *
   * @throws ConfigError or VerificationError where one cannot be asked; what it had serves on
   */
  readonly refreshKeys: () => Promise<void>
  /** Never takes a key of this name again, of any issuer, whatever is published, until a new start. */
  readonly blockKey: (kid: string) => void
  /** Ends all background work. What is held serves until it is too old. */
  readonly close: () => void
}

interface Parts {
  /** Those that are known from the start: the service is ready when they are. */
  readonly configured: () => readonly KeySource[]
  readonly resolved: () => readonly KeySource[]
  readonly cache: () => CacheStatistics | undefined
  /** Of what is resolved, now and later. */
  readonly blockKey: (kid: string) => void
  readonly close: () => void
}

export function operationsOn({ configured, resolved, cache, blockKey, close }: Parts): Operations {
  const sources = (): readonly KeySource[] => [...configured(), ...resolved()]
  return {
    warmUp: () => all(configured().map((source) => source.warmUp())),
    // All are asked, so that each one that is missing is looked for.
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

/** All at once. What waiting does not mend is told first. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work)
  const errors = outcomes.flatMap((outcome): unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  )
  if (errors.length > 0) throw errors.find((error) => error instanceof ConfigError) ?? errors[0]
}
