/** A DPoP proof that passed every other check. */
export interface UsedProof {
  /** Identifies the proof: the SHA-256 of the thumbprint of its key and its `jti`, in base64url. */
  readonly id: string
  /** The thumbprint of its key (RFC 7638). */
  readonly jkt: string
  /**
   * The time after which every instance refuses the proof, in milliseconds since the epoch. It allows for clocks
   * that differ by twice `clockTolerance`.
   */
  readonly expiresAt: number
  /** The current time, in milliseconds since the epoch. */
  readonly now: number
}

/**
 * Remembers which DPoP proofs were used, so that each is accepted only once (RFC 9449 section 11.1). With several
 * instances of a service, all of them must use the same store.
 *
 * @example
 * import type { ReplayStore } from '@resource-server/core'
 *
 * interface Redis {
 *   set(key: string, value: string, options: { NX: true; PX: number }): Promise<string | null>
 * }
 *
 * export const replayStore = (redis: Redis): ReplayStore => ({
 *   consume: async ({ id, expiresAt, now }) =>
 *     (await redis.set(`dpop:${id}`, '1', { NX: true, PX: expiresAt - now })) === 'OK',
 * })
 */
export interface ReplayStore {
  /**
   * Records a proof as used, in one atomic step: of any number of calls with the same `id`, exactly one
   * returns `true`. Returns `false` if the proof was used before. It must remember the proof until
   * `expiresAt`.
   *
   * If it throws, rejects, returns anything but a boolean, or takes longer than one second, the request
   * is answered with 503.
   */
  consume(proof: UsedProof): boolean | Promise<boolean>
  /**
   * The time at which the store started recording, in milliseconds since the epoch. Older proofs are refused, because
   * they may have been used before. Proofs from the same second, which may be older, require a nonce. Leave it out if
   * the store survives restarts. It is read before and after each call to `consume`, so a store that finds out that
   * it lost its data can change the value.
   */
  readonly since?: number | undefined
}
