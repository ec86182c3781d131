/**
 * A revocation could not be stored, so it may not be known to all processes. Try again.
 *
 * @example
 * import { RevocationError, type RevocationList } from '@resource-server/revocation'
 *
 * export async function signOut(list: RevocationList, issuer: string, sid: string): Promise<number> {
 *   try {
 *     await list.revoke({ issuer, sid })
 *     return 204
 *   } catch (error) {
 *     if (error instanceof RevocationError) return 503
 *     throw error
 *   }
 * }
 */
export class RevocationError extends Error {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'RevocationError' })
  }

  /**
   * `list_full`: `maxEntries` has been reached. `feed_unavailable`: this process knows the revocation, but others may
   * not.
   */
  readonly code: 'list_full' | 'feed_unavailable'

  constructor(code: 'list_full' | 'feed_unavailable', message: string) {
    super(message)
    this.code = code
  }
}
