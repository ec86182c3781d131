import type { Guard } from '../guards/guards.ts'
import { namesOf } from '../guards/scope.ts'

/** The guards of one gate, by what the host made of them. */
export class GuardsMade {
  /** What all of them ask for. */
  readonly scopes: Set<string> = new Set()
  readonly #guards = new WeakMap<object, Guard>()

  add<Handler>(handler: Handler, guard: Guard): Handler {
    if (isObject(handler)) this.#guards.set(handler, guard)
    for (const scope of guard.scopeNeed ? namesOf(guard.scopeNeed) : []) this.scopes.add(scope)
    return handler
  }

  guardOf(handler: unknown): Guard | undefined {
    return isObject(handler) ? this.#guards.get(handler) : undefined
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}
