import { readKeySet } from '../jose/jwk.ts'
import type { JsonObject } from '../lib/json.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { messageOf } from './backoff.ts'
import type { Held } from './held.ts'
import { usualFreshness } from './freshness.ts'
import { Vault } from './sealed-store.ts'

/** The last good key set of one issuer, in the store that the user gave. Without one, nothing is stored. */
export class StoredKeys {
  readonly #issuer: IssuerPolicy
  readonly #clock: Policy['clock']
  readonly #vault: Vault | undefined
  readonly #failed: (reason: string) => void
  #lastBody: JsonObject | undefined

  /** @param failed told of each failure of the store; it changes nothing else */
  constructor(issuer: IssuerPolicy, policy: Policy, failed: (reason: string) => void) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#vault = policy.keyStore && new Vault(issuer, policy.clock, policy.keyStore)
    this.#failed = failed
  }

  /** As old as when it was fetched: it serves no longer than had this process never stopped. */
  async restore(): Promise<Held | undefined> {
    try {
      const stored = await this.#vault?.load()
      const set = stored && (await readKeySet(stored.body, this.#issuer))
      if (!set) return undefined
      const since = this.#clock.monotonic() - stored.age
      return { set, since, freshFor: usualFreshness, refreshAfter: 0, restored: true }
    } catch (error) {
      this.#failed(messageOf(error))
      return undefined
    }
  }

  /** @param body what came; `undefined` where what came before has not changed */
  async store(body: JsonObject | undefined): Promise<void> {
    this.#lastBody = body ?? this.#lastBody
    try {
      if (this.#lastBody) await this.#vault?.save(this.#lastBody)
    } catch (error) {
      this.#failed(messageOf(error))
    }
  }
}
