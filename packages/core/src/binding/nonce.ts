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
   * @param secrets the first one issues nonces; nonces from all of them are recognized
   * @param audience the URLs of the service
   * @param tolerance by how many seconds another instance's clock may be ahead
   */
  constructor(secrets: readonly Uint8Array[], audience: string, tolerance: number) {
    this.#secrets = secrets
    this.#audience = audience
    this.#tolerance = tolerance
  }

  /**
   * A new nonce. `now` is in seconds since the epoch. The time in the nonce includes milliseconds, so that the nonce
   * can be told apart from one that was issued before a restart in the same second.
   */
  async issue(now: number): Promise<string> {
    return this.#nonce(this.#secrets[0]!, Math.floor(now * 1000))
  }

  /** When a nonce was issued, in seconds. `undefined` if it is not current or not from this service. */
  async issuedAt(nonce: string, now: number): Promise<number | undefined> {
    // NaN, which is not current, if the text does not begin with a time.
    const milliseconds = Number.parseInt(nonce, 36)
    const issued = milliseconds / 1000
    const isCurrent = issued <= now + this.#tolerance && now - issued <= nonceTimes.lifetime
    if (!isCurrent) return undefined
    for (const secret of this.#secrets) {
      if (isEqual(nonce, await this.#nonce(secret, milliseconds))) return issued
    }
    return undefined
  }

  async #nonce(secret: Uint8Array, milliseconds: number): Promise<string> {
    const time = milliseconds.toString(36)
    return `${time}.${await hmacSha256Async(secret, `dpop-nonce ${this.#audience} ${time}`)}`
  }
}
