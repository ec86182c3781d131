import { ConfigError } from '@resource-server/core'
import { authenticateOnly, type Guard } from '@resource-server/core/adapter'

declare const made: unique symbol

/** For `authenticate` and `protect` of the resource server that made it. It does nothing by itself. */
export interface FetchGuard {
  /** What it asks, as in decision records. */
  readonly name: string
  readonly [made]: 'FetchGuard'
}

interface GuardKeeper {
  readonly wrap: (guard: Guard) => FetchGuard
  /** @throws ConfigError for what `wrap` did not make */
  readonly unwrap: (given: readonly FetchGuard[]) => readonly Guard[]
}

/** Keeps what a guard does out of reach, so that nobody can hand over one that lets all pass. */
export function guardKeeper(): GuardKeeper {
  const kept = new WeakMap<object, Guard>()
  const keptOf = (given: FetchGuard): Guard => {
    const guard = typeof given === 'object' && given !== null ? kept.get(given) : undefined
    if (guard) return guard
    throw new ConfigError(
      'Something that is no guard of this resource server was given to it as one.',
      "Pass guards that the same resourceServer() made, such as requireScope('orders:read').",
    )
  }
  return {
    wrap: (guard) => {
      const wrapped = Object.freeze({ name: guard.name }) as FetchGuard
      kept.set(wrapped, guard)
      return wrapped
    },
    unwrap: (given) => (given.length === 0 ? [authenticateOnly] : given.map(keptOf)),
  }
}
