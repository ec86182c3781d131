import {
  emptyKeySet,
  type KeySet,
  readKeys,
  selectKey,
  type VerificationKey,
  withoutKids,
} from '../jose/jwk.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import { ConfigError, type Refusal } from '../errors/refusal.ts'
import type { KeyHealth, KeySource } from './key-source.ts'

/** The keys in the option `jwks`. They are never fetched and do not expire. */
export class LocalKeySet implements KeySource {
  readonly #issuer: string
  readonly #reading: Promise<void>
  #set: KeySet = emptyKeySet
  #isRead = false
  readonly #blocked = new Set<string>()

  constructor(keys: readonly object[], issuer: IssuerPolicy) {
    this.#issuer = issuer.issuer
    this.#reading = readKeys(keys, issuer).then((set) => {
      this.#set = withoutKids(set, this.#blocked)
      this.#isRead = true
    })
  }

  find(header: JoseHeader): Promise<VerificationKey | Refusal> | VerificationKey | Refusal {
    if (this.#isRead) return selectKey(this.#set, header)
    return this.#reading.then(() => selectKey(this.#set, header))
  }

  holds(key: VerificationKey): boolean {
    return this.#set.keys.includes(key)
  }

  async warmUp(): Promise<void> {
    await this.#reading
    const { keys, skipped } = this.#set
    if (keys.length > 0) return
    throw new ConfigError(
      `No key in 'jwks' is usable: ${skipped.join('; ')}.`,
      'Pass public signature keys.',
    )
  }

  ready(): boolean {
    return this.#set.keys.length > 0
  }

  health(): KeyHealth {
    const { keys, skipped } = this.#set
    return {
      issuer: this.#issuer,
      state: keys.length > 0 ? 'fresh' : 'none',
      keys: keys.length,
      skipped,
      inFlight: false,
      fetches: 0,
      failures: 0,
    }
  }

  refreshKeys(): Promise<void> {
    return this.warmUp()
  }

  blockKey(kid: string): void {
    this.#blocked.add(kid)
    this.#set = withoutKids(this.#set, this.#blocked)
  }

  close(): void {
    // There is nothing to stop.
  }
}
