import { ConfigError } from '@resource-server/core'
import type { Guard } from '@resource-server/core/adapter'

declare const brand: unique symbol

/** A guard for `protect` and `protectFetch` of the resource server that created it. */
export interface McpGuard {
  /** The name of the guard in decision records. */
  readonly name: string
  readonly [brand]: 'McpGuard'
}

/** Keeps the guards private, so that an object from elsewhere cannot act as a guard that accepts every token. */
export function privateGuards(): {
  readonly wrap: (guard: Guard) => McpGuard
  readonly unwrap: (given: readonly McpGuard[]) => readonly Guard[]
} {
  const guards = new WeakMap<object, Guard>()
  return {
    wrap: (guard) => {
      const wrapped = Object.freeze({ name: guard.name }) as McpGuard
      guards.set(wrapped, guard)
      return wrapped
    },
    unwrap: (given) =>
      given.map((wrapped) => {
        const guard = isObject(wrapped) ? guards.get(wrapped) : undefined
        if (guard) return guard
        throw new ConfigError(
          'A value that is not a guard of this resource server was passed as a guard.',
          "Call a guard of the same resourceServer(), such as requireActor('order-service').",
        )
      }),
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
