/**
 * Returns a function that loads something on the first call and returns the same promise on later ones. After a
 * failure, the next call loads it again.
 *
 * @param name of what is loaded, for the error
 */
export function loadOnce<T>(name: string, load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw new Error(`${name} could not be loaded: ${messageOf(error)}`)
    }))
}

/** Module loaders throw errors of other realms, so `instanceof` does not recognize them. */
function messageOf(error: unknown): string {
  return String((error as { readonly message?: unknown } | null | undefined)?.message ?? error)
}
