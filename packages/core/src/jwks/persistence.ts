import type { JsonObject } from '../lib/json.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { type KeySet, readKeySet } from '../jose/key-set.ts'
import { messageOf } from './fetch-failure.ts'
import { type CachedKeySet, seconds, sharedRefreshAge, storedLifetime } from './freshness.ts'
import { SealedStore } from './sealed-store.ts'

/**
 * Saves the key set of one issuer in the key store and restores it after a restart. Never throws: a
 * failure is reported and has no other effect. Does nothing without the option `keyStore`.
 */
export class KeySetPersistence {
  readonly #issuer: IssuerPolicy
  readonly #clock: Policy['clock']
  readonly #store: SealedStore | undefined
  readonly #onFailure: (reason: string) => void
  readonly #maxLifetime: number
  #lastBody: JsonObject | undefined

  /** @param onFailure called for each failure of the key store */
  constructor(issuer: IssuerPolicy, policy: Policy, onFailure: (reason: string) => void) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#store = policy.keyStore && new SealedStore(issuer, policy.clock, policy.keyStore)
    this.#onFailure = onFailure
    this.#maxLifetime = policy.maxKeySetAge * seconds
  }

  /** Whether there is a key store. */
  get isEnabled(): boolean {
    return this.#store !== undefined
  }

  /**
   * Keeps the age of the stored key set, so a restart does not extend its use.
   *
   * @param previous the current key set, whose unchanged keys are kept as objects
   */
  async restore(previous: KeySet | undefined): Promise<CachedKeySet | undefined> {
    try {
      const stored = await this.#store?.load()
      const set = stored && (await readKeySet(stored.body, this.#issuer, previous))
      if (!set) return undefined
      const { age } = stored
      const lifetime = storedLifetime(stored.lifetime, this.#maxLifetime)
      const requestedAt = this.#clock.monotonic() - age
      const refreshAge = sharedRefreshAge(lifetime)
      return { set, requestedAt, lifetime, refreshAge, restored: { age } }
    } catch (error) {
      this.#onFailure(messageOf(error))
      return undefined
    }
  }

  /** @param body the fetched key set; `undefined` if the last one is unchanged */
  async save(body: JsonObject | undefined, lifetime: number): Promise<void> {
    this.#lastBody = body ?? this.#lastBody
    try {
      if (this.#lastBody) await this.#store?.save(this.#lastBody, lifetime)
    } catch (error) {
      this.#onFailure(messageOf(error))
    }
  }
}
