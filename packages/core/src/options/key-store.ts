/**
 * Where key sets are kept across restarts: a file, Redis, anything. It need not be trusted: each set
 * carries an HMAC. It is waited for a second at the most, and what it throws changes no decision.
 */
export interface KeyStore {
  /** What was set under this name; `undefined` or `null` where nothing was. */
  readonly get: (name: string) => Promise<string | null | undefined>
  readonly set: (name: string, value: string) => Promise<unknown>
}

export interface KeyStoreOptions {
  readonly store: KeyStore
  /**
   * The HMAC's key, the same in the whole fleet, at least 32 characters. Whoever knows it and can write
   * to the store can mint tokens: keep it elsewhere.
   */
  readonly secret: string
}
