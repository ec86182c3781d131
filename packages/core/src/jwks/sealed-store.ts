import { schedule } from '../lib/clock.ts'
import { isJsonObject, type JsonObject, own, parseJsonObject } from '../lib/json.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { readKeySet } from '../jose/jwk.ts'
import { messageOf } from './backoff.ts'
import { type Held, minutes, seconds, usualFreshness } from './freshness.ts'
import { hmacSha256Async } from '#crypto'

/** A key set that was good when somebody of the fleet stored it. */
export interface Stored {
  readonly body: JsonObject
  /** Milliseconds since it was fetched, by the wall clocks of who stored it and of who reads it. */
  readonly age: number
}

/** A store that does not answer must not hold up the start. */
const patience = 1 * seconds
/** Clocks of a fleet differ by this at the most. */
const clockSkew = 5 * minutes
const maxLength = 1_048_576

/**
 * The last good key set of one issuer, in a store that others share. It goes out with an HMAC over its
 * issuer, its time and its keys, and what comes back without a right one is nothing: who can write to the
 * store could put a key of his own there, and sign tokens with it.
 */
export class SealedStore {
  readonly #issuer: string
  readonly #clock: Policy['clock']
  readonly #keyStore: NonNullable<Policy['keyStore']>

  constructor(issuer: IssuerPolicy, clock: Policy['clock'], keyStore: Policy['keyStore'] & object) {
    this.#issuer = issuer.issuer
    this.#clock = clock
    this.#keyStore = keyStore
  }

  get #name(): string {
    return `resource-server:keys:${this.#issuer}`
  }

  /** `undefined` where there is none, or none of ours. What the store throws, this throws. */
  async load(): Promise<Stored | undefined> {
    const text: unknown = await withPatience(this.#keyStore.store.get(this.#name))
    if (typeof text !== 'string' || text.length > maxLength) return undefined
    const [mac, ...rest] = text.split('.')
    const sealed = rest.join('.')
    return (await this.#isOurs(mac!, sealed)) ? this.#read(sealed) : undefined
  }

  async save(body: JsonObject): Promise<void> {
    const sealed = JSON.stringify({ issuer: this.#issuer, at: this.#clock.now(), body })
    const mac = await this.#macOf(sealed)
    await withPatience(this.#keyStore.store.set(this.#name, `${mac}.${sealed}`))
  }

  #macOf(sealed: string): Promise<string> {
    return hmacSha256Async(this.#keyStore.secret, `resource-server key set 1\n${sealed}`)
  }

  /** Compared by their own HMACs, so that the time it takes tells nothing about the right one. */
  async #isOurs(mac: string, sealed: string): Promise<boolean> {
    const { secret } = this.#keyStore
    const right = await hmacSha256Async(secret, await this.#macOf(sealed))
    return (await hmacSha256Async(secret, mac)) === right
  }

  #read(sealed: string): Stored | undefined {
    const content = parseJsonObject(new TextEncoder().encode(sealed))
    const [body, at] = [own(content, 'body'), own(content, 'at')]
    // The name is the store's word. This one is under the HMAC: one issuer's keys are not another's.
    if (own(content, 'issuer') !== this.#issuer || !isJsonObject(body)) return undefined
    const age = typeof at === 'number' ? this.#clock.now() - at : NaN
    return age >= -clockSkew ? { body, age: Math.max(0, age) } : undefined
  }
}

async function withPatience<T>(work: Promise<T>): Promise<T> {
  let cancel = (): void => {}
  const late = new Promise<never>((_, reject) => {
    cancel = schedule(patience, () => reject(new Error('the store gave no answer in time')))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    cancel()
  }
}

/** The last good key set of one issuer, in the store that the user gave. Without one, nothing is stored. */
export class KeySetStorage {
  readonly #issuer: IssuerPolicy
  readonly #clock: Policy['clock']
  readonly #vault: SealedStore | undefined
  readonly #failed: (reason: string) => void
  #lastBody: JsonObject | undefined

  /** @param failed told of each failure of the store; it changes nothing else */
  constructor(issuer: IssuerPolicy, policy: Policy, failed: (reason: string) => void) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#vault = policy.keyStore && new SealedStore(issuer, policy.clock, policy.keyStore)
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
