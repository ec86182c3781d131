import { algorithmsOf, skip, type SkippedKey, type VerificationKey } from '../jose/jwk.ts'
import {
  blockedKey,
  countKeys,
  describeSkipped,
  emptyKeySet,
  type KeySet,
  readKeys,
  selectKey,
  withoutKeys,
} from '../jose/key-set.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { messageOf } from './fetch-failure.ts'
import type { KeyHealth, KeySource } from './key-source.ts'

/** Seconds. Only a restart with other keys helps. */
const retryAfter = 60

/**
 * The keys in the option `jwks`. They are never fetched and do not expire. A key without `kid` serves the tokens
 * whose `kid` does not match that of any other key, because keys from PEM files have no `kid`.
 */
export class LocalKeySet implements KeySource {
  readonly #issuer: IssuerPolicy
  readonly #entries: readonly object[]
  #reading: Promise<void> | undefined
  /** All keys, and the ones that are not blocked. */
  #read: KeySet = emptyKeySet
  #set: KeySet = emptyKeySet
  #isRead = false
  readonly #blocked = new Set<string | undefined>()

  /** @throws ConfigError if it is clear, even without importing the keys, that none is usable */
  constructor(keys: readonly object[], issuer: IssuerPolicy) {
    this.#issuer = issuer
    this.#entries = keys
    requireUsableKey(keys, issuer)
    // A failure is reported to the first request that needs the keys, and not as an unhandled rejection.
    this.#readOnce().catch(() => undefined)
  }

  find(header: JoseHeader): Promise<VerificationKey | Refusal> | VerificationKey | Refusal {
    if (this.#isRead) return this.#select(header)
    return this.#readOnce().then(
      () => this.#select(header),
      (error: unknown) => this.#unavailable(messageOf(error)),
    )
  }

  holds(key: VerificationKey): boolean {
    return this.#set.keys.includes(key)
  }

  async warmUp(): Promise<void> {
    await this.#readOnce()
    if (this.#set.keys.length === 0) throw unusable(this.#set.skipped)
  }

  ready(): boolean {
    return this.#set.keys.length > 0
  }

  health(): KeyHealth {
    const { keys, skipped } = this.#set
    return {
      issuer: this.#issuer.issuer,
      state: keys.length > 0 ? 'fresh' : 'none',
      keys: countKeys(this.#set),
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
    this.#set = this.#withoutBlocked()
  }

  pause(): void {
    // There is nothing to stop.
  }

  close(): void {
    // There is nothing to stop.
  }

  /** Reads the keys, and again after a failure. */
  #readOnce(): Promise<void> {
    this.#reading ??= readKeys(this.#entries, this.#issuer).then(
      (set) => {
        this.#read = set
        this.#set = this.#withoutBlocked()
        this.#isRead = true
      },
      (error: unknown) => {
        this.#reading = undefined
        throw error
      },
    )
    return this.#reading
  }

  #unavailable(problem: string): Refusal {
    const reason = `JWKS of '${this.#issuer.issuer}' is unavailable: ${problem}`
    return refuse('keys_unavailable', reason, { retryAfter })
  }

  #select({ alg, kid }: JoseHeader): VerificationKey | Refusal {
    if (this.#blocked.has(kid)) return blockedKey()
    const { keys, skipped } = this.#set
    if (keys.length === 0) {
      return this.#unavailable(unusable(skipped).message)
    }
    if (kid === undefined || this.#hasKid(kid)) return selectKey(this.#set, { alg, kid })
    const unnamed = keys.filter((key) => key.kid === undefined)
    return selectKey({ ...this.#set, keys: unnamed }, { alg, kid: undefined })
  }

  #hasKid(kid: string | undefined): boolean {
    return this.#read.keys.some((key) => key.kid === kid)
  }

  /** Blocks the keys that serve tokens with a blocked `kid`. A key without `kid` can be one of them. */
  #withoutBlocked(): KeySet {
    const blocksUnnamed = [...this.#blocked].some((kid) => !this.#hasKid(kid))
    return withoutKeys(this.#read, ({ kid }) =>
      kid === undefined ? blocksUnnamed : this.#blocked.has(kid),
    )
  }
}

function requireUsableKey(keys: readonly object[], issuer: IssuerPolicy): void {
  const skipped: SkippedKey[] = []
  for (const key of keys) {
    const algorithms = algorithmsOf(key, issuer)
    if (typeof algorithms !== 'string') return
    skipped.push(skip(key, algorithms))
  }
  throw unusable(skipped)
}

function unusable(skipped: readonly SkippedKey[]): ConfigError {
  return new ConfigError(
    `No key in 'jwks' is usable: ${describeSkipped(skipped)}.`,
    'Pass public signature keys.',
  )
}
