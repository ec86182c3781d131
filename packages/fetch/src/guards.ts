import { ConfigError } from '@resource-server/core'
import { authenticateOnly, type Guard } from '@resource-server/core/adapter'

declare const brand: unique symbol

/** A guard for `authenticate` and `protect` of the resource server that created it. */
export interface FetchGuard {
  /** The name of the guard in decision records. */
  readonly name: string
  readonly [brand]: 'FetchGuard'
}

/** Keeps the guards private, so that an object from elsewhere cannot act as a guard that accepts every token. */
export function privateGuards(): {
  readonly wrap: (guard: Guard) => FetchGuard
  readonly unwrap: (given: readonly FetchGuard[]) => readonly Guard[]
} {
  const guards = new WeakMap<object, Guard>()
  const guardOf = (given: FetchGuard): Guard => {
    const guard = typeof given === 'object' && given !== null ? guards.get(given) : undefined
    if (guard) return guard
    throw notGuard(given)
  }
  return {
    wrap: (guard) => {
      const wrapped = Object.freeze({ name: guard.name }) as FetchGuard
      guards.set(wrapped, guard)
      everyGuard.add(wrapped)
      return wrapped
    },
    unwrap: (given) => (given.length === 0 ? [authenticateOnly] : given.map(guardOf)),
  }
}

const everyGuard = new WeakSet<object>()

function notGuard(given: unknown): ConfigError {
  if (typeof given === 'function') {
    return new ConfigError(
      'A function was passed as a guard.',
      "If it is a factory, call it: api.requireScope('orders:read'). If it is a guard of another framework's package, " +
        'use those of this resource server.',
    )
  }
  const isOther = typeof given === 'object' && given !== null && everyGuard.has(given)
  return new ConfigError(
    isOther
      ? 'A guard of another resource server was passed as a guard.'
      : 'A value that is not a guard was passed as a guard.',
    "Pass guards that the same resourceServer() created, such as requireScope('orders:read').",
  )
}
