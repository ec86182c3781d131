import type { JsonObject } from '../lib/json.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { readKeySet } from '../jose/key-set.ts'
import { messageOf } from './fetch-failure.ts'
import { type CachedKeySet, defaultLifetime } from './freshness.ts'
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
  #lastBody: JsonObject | undefined

  /** @param onFailure called for each failure of the key store */
  constructor(issuer: IssuerPolicy, policy: Policy, onFailure: (reason: string) => void) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#store = policy.keyStore && new SealedStore(issuer, policy.clock, policy.keyStore)
    this.#onFailure = onFailure
  }

  /** Keeps the age of the stored key set, so a restart does not extend its use. */
  async restore(): Promise<CachedKeySet | undefined> {
    try {
      const stored = await this.#store?.load()
      const set = stored && (await readKeySet(stored.body, this.#issuer))
      if (!set) return undefined
      const requestedAt = this.#clock.monotonic() - stored.age
      return { set, requestedAt, lifetime: defaultLifetime, refreshAge: 0, restored: true }
    } catch (error) {
      this.#onFailure(messageOf(error))
      return undefined
    }
  }

  /** @param body the fetched key set; `undefined` if the last one is unchanged */
  async save(body: JsonObject | undefined): Promise<void> {
    this.#lastBody = body ?? this.#lastBody
    try {
      if (this.#lastBody) await this.#store?.save(this.#lastBody)
    } catch (error) {
      this.#onFailure(messageOf(error))
    }
  }
}
