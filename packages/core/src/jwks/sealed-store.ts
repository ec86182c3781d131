import { within } from '../lib/clock.ts'
import { isJsonObject, type JsonObject, own, parseJsonObject } from '../lib/json.ts'
import { nameAndCodeOf } from '../lib/quote.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { minutes, seconds } from './freshness.ts'
import { hmacSha256Async } from '#crypto'

/** A key set that an instance of the service fetched and stored. */
export interface StoredKeySet {
  readonly body: JsonObject
  /** Milliseconds since it was stored. Depends on the wall clocks of the writer and of this process. */
  readonly age: number
  /** Milliseconds for which it is fresh. `undefined` if it was stored by an earlier version. */
  readonly lifetime: number | undefined
}

/** How long to wait for the key store. A store that does not respond must not delay the start. */
const timeout = 1 * seconds
/** How far the clock of another instance may be ahead. */
const maxClockSkew = 5 * minutes
const maxLength = 1_048_576

/**
 * Reads and writes the key set of one issuer in the user's key store, authenticated with an HMAC. The
 * HMAC covers the issuer, the time and the keys.
 *
 * The store is not trusted: without the HMAC, an attacker who can write to it could add a key and sign
 * tokens with it.
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

  /**
   * Loads the key set. Returns `undefined` if there is none, or if its HMAC or its issuer does not
   * match.
   *
   * @throws an error that does not contain the text of the store's error
   */
  async load(): Promise<StoredKeySet | undefined> {
    const text: unknown = await callStore('get', () => this.#keyStore.store.get(this.#name))
    if (typeof text !== 'string' || text.length > maxLength) return undefined
    const [mac, ...rest] = text.split('.')
    const content = rest.join('.')
    return (await this.#isAuthentic(mac!, content)) ? this.#parse(content) : undefined
  }

  /** @throws an error that does not contain the text of the store's error */
  async save(body: JsonObject, lifetime: number): Promise<void> {
    const at = this.#clock.now()
    const content = JSON.stringify({ issuer: this.#issuer, at, lifetime, body })
    const mac = await this.#macOf(content)
    await callStore('set', () => this.#keyStore.store.set(this.#name, `${mac}.${content}`))
  }

  #macOf(content: string): Promise<string> {
    return hmacSha256Async(this.#keyStore.secret, `resource-server key set 1\n${content}`)
  }

  /** Compares the HMACs of both values, so that the timing does not reveal the correct one. */
  async #isAuthentic(mac: string, content: string): Promise<boolean> {
    const { secret } = this.#keyStore
    const expected = await hmacSha256Async(secret, await this.#macOf(content))
    return (await hmacSha256Async(secret, mac)) === expected
  }

  #parse(text: string): StoredKeySet | undefined {
    const content = parseJsonObject(new TextEncoder().encode(text))
    const body = own(content, 'body')
    const at = own(content, 'at')
    // The store could return the value of another name. The issuer is covered by the HMAC.
    if (own(content, 'issuer') !== this.#issuer || !isJsonObject(body)) return undefined
    const age = typeof at === 'number' ? this.#clock.now() - at : NaN
    if (!(age >= -maxClockSkew)) return undefined
    const lifetime = own(content, 'lifetime')
    const known = typeof lifetime === 'number' ? lifetime : undefined
    return { body, age: Math.max(0, age), lifetime: known }
  }
}

/** The text of the store's own error is left out, because it can contain a password. */
async function callStore<T>(method: 'get' | 'set', call: () => Promise<T>): Promise<T> {
  const late = new Error(`${method}() of the key store did not respond within ${timeout} ms`)
  try {
    return await within(timeout, call(), () => late)
  } catch (error) {
    if (error === late) throw error
    // oxlint-disable-next-line preserve-caught-error -- its text can contain a password
    throw new Error(
      `${method}() of the key store failed with ${nameAndCodeOf(error)}. The text of its error is left out, ` +
        'because it can contain a secret: catch the error in your key store to log it',
    )
  }
}
