import { fetchJson, FetchError, withinDeadline } from '../lib/fetch-json.ts'
import type { JsonObject } from '../lib/json.ts'
import { discoverKeySet } from './discovery.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { freshFor, minutes } from './freshness.ts'

export interface FetchedKeySet {
  /** The key set; `undefined` where the one that was had before has not changed. */
  readonly body: JsonObject | undefined
  /** Milliseconds for which it counts as current. */
  readonly freshFor: number
}

/** After this the metadata is asked again: the key set may move. */
const metadataFor = 60 * minutes

/** Where an issuer's key set is, and how it is got: by discovery, or at the address that was given. */
export class KeySetFetcher {
  readonly #issuer: IssuerPolicy
  readonly #policy: Policy
  #address: { readonly url: string; readonly since: number } | undefined
  #suspect = false
  #etag: string | null = null
  readonly #closing = new AbortController()

  constructor(issuer: IssuerPolicy, policy: Policy) {
    this.#issuer = issuer
    this.#policy = policy
  }

  /**
   * Metadata and key set within one deadline.
   *
   * @throws FetchError, ConfigError, JsonError
   */
  get(): Promise<FetchedKeySet> {
    const work = async (signal: AbortSignal): Promise<FetchedKeySet> => {
      const url = await this.#findAddress(signal)
      const answer = await fetchJson(this.#policy.fetch, url, { signal, etag: this.#etag })
      // Nobody reads the keys of an answer that came too late, so that the next one must be a whole one.
      if (!signal.aborted) this.#etag = answer.etag
      return { body: answer.body, freshFor: freshFor(answer.cacheControl) }
    }
    return withinDeadline(work, this.#closing.signal)
  }

  /** Ends what is under way: a socket would keep the process alive. */
  close(): void {
    this.#closing.abort()
  }

  /** What was had was no use: the next answer must be a whole one, from where the metadata says. */
  distrust(): void {
    this.#etag = null
    this.#suspect = true
  }

  async #findAddress(signal: AbortSignal): Promise<string> {
    if (this.#issuer.jwksUri !== undefined) return this.#issuer.jwksUri
    const now = this.#policy.clock.monotonic()
    const known = this.#address
    if (known && !this.#suspect && now - known.since < metadataFor) return known.url
    const url = await this.#discover(signal, known?.url)
    if (url !== known?.url) this.#etag = null
    this.#address = { url, since: now }
    this.#suspect = false
    return url
  }

  /** An address that was good serves on where the metadata cannot be had, but not where it is wrong. */
  async #discover(signal: AbortSignal, known: string | undefined): Promise<string> {
    const { fetch, allowInsecureHttp } = this.#policy
    try {
      return await discoverKeySet(fetch, this.#issuer, { insecure: allowInsecureHttp, signal })
    } catch (error) {
      const unreachable = error instanceof FetchError
      if (known !== undefined && unreachable && !signal.aborted) return known
      throw error
    }
  }
}
