/** What may be here already. To wait for it all the same costs a promise and a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>

/** `await` for what may be here already. What `use` throws is thrown at once, or rejects. */
export function andThen<T, U>(
  value: MaybePromise<T>,
  use: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(use) : use(value)
}
