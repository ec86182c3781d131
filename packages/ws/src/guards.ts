import { ConfigError } from '@resource-server/core'
import { authenticateOnly, type Guard } from '@resource-server/core/adapter'

declare const brand: unique symbol

/** A guard for `protect` of the resource server that created it. */
export interface WebSocketGuard {
  /** The name of the guard in decision records. */
  readonly name: string
  readonly [brand]: 'WebSocketGuard'
}

/** Keeps the guards private, so that another object cannot act as a guard that accepts every token. */
export function privateGuards(): {
  readonly wrap: (guard: Guard) => WebSocketGuard
  readonly unwrap: (given: readonly WebSocketGuard[]) => readonly Guard[]
} {
  const guards = new WeakMap<object, Guard>()
  const guardOf = (given: unknown): Guard => {
    const guard = typeof given === 'object' && given !== null ? guards.get(given) : undefined
    if (guard) return guard
    throw new ConfigError(
      'protect() got a value that is not a guard of this resource server.',
      "Pass guards that this resource server created, such as api.requireScope('orders:read').",
    )
  }
  return {
    wrap: (guard) => {
      const wrapped = Object.freeze({ name: guard.name }) as WebSocketGuard
      guards.set(wrapped, guard)
      return wrapped
    },
    unwrap: (given) => (given.length === 0 ? [authenticateOnly] : given.map(guardOf)),
  }
}
