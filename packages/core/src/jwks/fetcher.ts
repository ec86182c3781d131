import { type Fetch, fetchJson, FetchError, withinDeadline } from '../lib/fetch-json.ts'
import type { JsonObject } from '../lib/json.ts'
import { discoverKeySet } from './discovery.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import {
  errorFrom,
  type FetchedDocument,
  isServerFailure,
  IssuerFetchError,
} from './fetch-failure.ts'
import { freshnessLifetime, minutes, seconds } from './freshness.ts'

export interface FetchedKeySet {
  readonly url: string
  /** The key set. `undefined` if it is unchanged since the last fetch (304). */
  readonly body: JsonObject | undefined
  /** Milliseconds for which the key set is fresh. */
  readonly lifetime: number
  /** When the server responded, by its own clock. `undefined` if unknown. */
  readonly date: number | undefined
}

/**
 * How long a discovered URL is used. After that, the metadata is fetched again. Random between these limits,
 * so that instances started together do not fetch it together.
 */
const discoveryLifetime = { min: 45 * minutes, max: 60 * minutes }
/** How long the server may fail at a discovered URL before the metadata is fetched again. */
const maxFailing = 10 * minutes

/**
 * Fetches an issuer's key set, either from the configured `jwksUri` or from the discovered URL. While the
 * server fails, each attempt is one request: the URL is kept, because an outage does not change it.
 */
export class KeySetFetcher {
  readonly #issuer: IssuerPolicy
  readonly #policy: Policy
  #discovered: { readonly url: string; readonly until: number } | undefined
  #mustDiscover = false
  /** Since when the server fails at the discovered URL. */
  #failingSince: number | undefined
  #etag: string | null = null
  /**
   * The fetches in flight. Each has a controller of its own, because in a worker a controller can be used only by the
   * request that created it.
   */
  readonly #inFlight = new Set<AbortController>()
  #isClosed = false

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
    const closing = new AbortController()
    if (this.#isClosed) closing.abort()
    this.#inFlight.add(closing)
    try {
      const work = (signal: AbortSignal) => this.#fetch(trackedFetch, signal)
      const fetched = await withinDeadline(work, closing.signal)
      this.#failingSince = undefined
      return fetched
    } catch (error) {
      if (!(error instanceof FetchError) || lastUrl === undefined) throw error
      this.#recordFailure(lastUrl, error)
      if (error instanceof IssuerFetchError) throw error
      throw errorFrom(lastUrl, error.message, error, this.#documentAt(lastUrl))
    } finally {
      this.#inFlight.delete(closing)
    }
  }

  /** Aborts a fetch in flight, because its socket would keep the process alive. */
  close(): void {
    this.#isClosed = true
    for (const closing of this.#inFlight) closing.abort()
  }

  /** Makes the next fetch discover the URL again and omit the ETag. For use after an unusable key set. */
  reset(): void {
    this.#etag = null
    this.#mustDiscover = true
  }

  async #fetch(fetch: Fetch, signal: AbortSignal): Promise<FetchedKeySet> {
    if (this.#issuer.jwksUri !== undefined) return this.#get(fetch, this.#issuer.jwksUri, signal)
    const known = this.#discovered
    if (!known || this.#isDoubtful()) {
      return this.#get(fetch, await this.#discover(fetch, signal), signal)
    }
    const fetched = await this.#get(fetch, known.url, signal)
    if (this.#now() < known.until) return fetched
    return (await this.#getIfMoved(fetch, signal, known.url)) ?? fetched
  }

  async #get(fetch: Fetch, url: string, signal: AbortSignal): Promise<FetchedKeySet> {
    const response = await fetchJson(fetch, url, { signal, etag: this.#etag })
    // A response after the deadline is dropped. Its ETag must be dropped too.
    if (!signal.aborted) this.#etag = response.etag
    const lifetime = freshnessLifetime(response.cacheControl, this.#policy.maxKeySetAge * seconds)
    return { url, body: response.body, lifetime, date: response.date }
  }

  #documentAt(url: string): FetchedDocument {
    const keys = [this.#issuer.jwksUri, this.#discovered?.url]
    return keys.includes(url) ? 'key set' : 'metadata'
  }

  async #discover(fetch: Fetch, signal: AbortSignal): Promise<string> {
    const insecure = this.#policy.allowInsecureHttp
    const url = await discoverKeySet(fetch, this.#issuer, { insecure, signal })
    if (url !== this.#discovered?.url) this.#etag = null
    this.#discovered = { url, until: this.#discoverAgainAt() }
    this.#mustDiscover = false
    this.#failingSince = undefined
    return url
  }

  /** Fetches the key set from its new URL, if the metadata has one. Ignores metadata that cannot be fetched. */
  async #getIfMoved(
    fetch: Fetch,
    signal: AbortSignal,
    known: string,
  ): Promise<FetchedKeySet | undefined> {
    // If there is no response before the deadline, the next fetch must not wait for it again.
    this.#discovered = { url: known, until: this.#discoverAgainAt() }
    try {
      const url = await this.#discover(fetch, signal)
      if (url === known) return undefined
    } catch (error) {
      if (error instanceof FetchError && !signal.aborted) return undefined
      if (!(error instanceof FetchError)) this.#mustDiscover = true
      throw error
    }
    return this.#get(fetch, this.#discovered.url, signal)
  }

  #discoverAgainAt(): number {
    const { min, max } = discoveryLifetime
    return this.#now() + min + (max - min) * Math.random()
  }

  #isDoubtful(): boolean {
    const failingSince = this.#failingSince ?? Infinity
    return this.#mustDiscover || this.#now() - failingSince >= maxFailing
  }

  /** A redirect or a status such as 404 says that the URL is wrong. A page instead of keys does not. */
  #recordFailure(url: string, error: FetchError): void {
    if (url === this.#discovered?.url) {
      if (error.status === 200 || isServerFailure(error)) this.#failingSince ??= this.#now()
      else this.reset()
    } else if (this.#discovered) {
      // The metadata is unavailable too, so the next attempt uses the known URL.
      this.#mustDiscover = false
      this.#failingSince = this.#now()
    }
  }

  #now(): number {
    return this.#policy.clock.monotonic()
  }
}
