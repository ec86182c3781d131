/** A value or a promise of it. Awaiting a value would cost a promise and a turn of the microtask queue. */
export type MaybePromise<T> = T | Promise<T>

/**
 * Applies `use` to the value: immediately, or after the promise fulfills. An error that `use` throws is
 * thrown immediately, or rejects the returned promise.
 */
export function andThen<T, U>(
  value: MaybePromise<T>,
  use: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(use) : use(value)
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function'
}
