import { type Fetch, fetchJson, FetchError, withinDeadline } from '../lib/fetch-json.ts'
import type { JsonObject } from '../lib/json.ts'
import { discoverKeySet } from './discovery.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { errorFrom, type FetchedDocument, IssuerFetchError } from './fetch-failure.ts'
import { freshnessLifetime, minutes } from './freshness.ts'

export interface FetchedKeySet {
  readonly url: string
  /** The key set. `undefined` if it is unchanged since the last fetch (304). */
  readonly body: JsonObject | undefined
  /** Milliseconds for which the key set is fresh. */
  readonly lifetime: number
}

/** How long a discovered URL is used. After that, the metadata is fetched again. */
const discoveryLifetime = 60 * minutes

/** Fetches an issuer's key set, either from the configured `jwksUri` or from the discovered URL. */
export class KeySetFetcher {
  readonly #issuer: IssuerPolicy
  readonly #policy: Policy
  #discovered: { readonly url: string; readonly since: number } | undefined
  #mustDiscover = false
  #etag: string | null = null
  readonly #closing = new AbortController()

  constructor(issuer: IssuerPolicy, policy: Policy) {
    this.#issuer = issuer
    this.#policy = policy
  }

  /**
   * Fetches the key set, and the metadata if needed, within one deadline.
   *
   * @throws IssuerFetchError with a message such as `GET https://as.example.com/jwks: …`
   * @throws ConfigError if the metadata is wrong
   */
  async fetch(): Promise<FetchedKeySet> {
    const { fetch } = this.#policy
    let lastUrl: string | undefined
    const trackedFetch: Fetch = (url, init) => {
      lastUrl = url
      return fetch(url, init)
    }
    try {
      const work = (signal: AbortSignal) => this.#fetch(trackedFetch, signal)
      return await withinDeadline(work, this.#closing.signal)
    } catch (error) {
      const isComplete = error instanceof IssuerFetchError || !(error instanceof FetchError)
      if (isComplete || lastUrl === undefined) throw error
      throw errorFrom(lastUrl, error.message, error, this.#documentAt(lastUrl))
    }
  }

  /** Aborts a fetch in flight, because its socket would keep the process alive. */
  close(): void {
    this.#closing.abort()
  }

  /** Makes the next fetch discover the URL again and omit the ETag. For use after a failure. */
  reset(): void {
    this.#etag = null
    this.#mustDiscover = true
  }

  async #fetch(fetch: Fetch, signal: AbortSignal): Promise<FetchedKeySet> {
    const url = await this.#findUrl(fetch, signal)
    const response = await fetchJson(fetch, url, { signal, etag: this.#etag })
    // A response after the deadline is dropped. Its ETag must be dropped too.
    if (!signal.aborted) this.#etag = response.etag
    return { url, body: response.body, lifetime: freshnessLifetime(response.cacheControl) }
  }

  #documentAt(url: string): FetchedDocument {
    const keys = [this.#issuer.jwksUri, this.#discovered?.url]
    return keys.includes(url) ? 'key set' : 'metadata'
  }

  async #findUrl(fetch: Fetch, signal: AbortSignal): Promise<string> {
    if (this.#issuer.jwksUri !== undefined) return this.#issuer.jwksUri
    const now = this.#policy.clock.monotonic()
    const known = this.#discovered
    if (known && !this.#mustDiscover && now - known.since < discoveryLifetime) return known.url
    const url = await this.#discover(fetch, signal, known?.url)
    if (url !== known?.url) this.#etag = null
    this.#discovered = { url, since: now }
    this.#mustDiscover = false
    return url
  }

  /** Falls back to the known URL if the metadata cannot be fetched, but not if the metadata is wrong. */
  async #discover(fetch: Fetch, signal: AbortSignal, known: string | undefined): Promise<string> {
    const insecure = this.#policy.allowInsecureHttp
    try {
      return await discoverKeySet(fetch, this.#issuer, { insecure, signal })
    } catch (error) {
      if (known !== undefined && error instanceof FetchError && !signal.aborted) return known
      throw error
    }
  }
}
