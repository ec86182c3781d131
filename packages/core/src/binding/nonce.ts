import { isEqual } from '../lib/equal.ts'
import { hmacSha256Async } from '#crypto'

/** In seconds. A client gets a new nonce with the first response after `renewal`. */
export const nonceTimes = { lifetime: 120, renewal: 60 } as const

/**
 * Issues and recognizes the nonces of DPoP proofs (RFC 9449 sections 8 and 9). Nothing is stored: a nonce
 * contains the time at which it was issued and a MAC over it. All instances of a service that have the
 * same secret and the same URL accept each other's nonces. A service with another URL does not.
 */
export class Nonces {
  readonly #secrets: readonly Uint8Array[]
  readonly #audience: string
  readonly #tolerance: number

  /**
   * @param secrets the first one issues; all of them are recognized
   * @param audience the URLs of the service
   * @param tolerance by how many seconds another instance's clock may be ahead
   */
  constructor(secrets: readonly Uint8Array[], audience: string, tolerance: number) {
    this.#secrets = secrets
    this.#audience = audience
    this.#tolerance = tolerance
  }

  /**
   * A new nonce. `now` is in seconds since the epoch. The nonce has milliseconds, so that it can be told from one
   * that was issued before a restart in the same second.
   */
  async issue(now: number): Promise<string> {
    const time = Math.floor(now * 1000).toString(36)
    return `${time}.${await this.#mac(this.#secrets[0]!, time)}`
  }

  /** When a nonce was issued, in seconds. `undefined` if it is not current or not from this service. */
  async issuedAt(nonce: string, now: number): Promise<number | undefined> {
    const [time = '', mac] = nonce.split('.', 2)
    if (mac === undefined || !/^[\da-z]{1,9}$/.test(time)) return undefined
    const issued = Number.parseInt(time, 36) / 1000
    if (issued > now + this.#tolerance || now - issued > nonceTimes.lifetime) return undefined
    for (const secret of this.#secrets) {
      if (isEqual(nonce, `${time}.${await this.#mac(secret, time)}`)) return issued
    }
    return undefined
  }

  #mac(secret: Uint8Array, time: string): Promise<string> {
    return hmacSha256Async(secret, `dpop-nonce ${this.#audience} ${time}`)
  }
}
