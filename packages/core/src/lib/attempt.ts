/** Calls a function that may throw. Returns `undefined` if it does. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    // The caller handles both in the same way.
  }
  return undefined
}
