import {
  countKeys,
  describeSkipped,
  emptyKeySet,
  type KeySet,
  readKeySet,
  withoutKids,
} from '../jose/key-set.ts'
import { loadKeyFunctionsEarly } from '../jose/load-jose.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type { Refusal } from '../errors/refusal.ts'
import type { FetchError } from '../lib/fetch-json.ts'
import { errorFrom } from './fetch-failure.ts'
import { type FetchedKeySet, KeySetFetcher } from './fetcher.ts'
import {
  ageOf,
  type CachedKeySet,
  EmptySetGracePeriod,
  isFresh,
  isOutdated,
  isOverdue,
  isRefreshDue,
  isUsable,
  refreshAge,
  seconds,
} from './freshness.ts'
import { KeyEventReporter } from './events.ts'
import { Backoff } from './backoff.ts'
import type { KeyHealth } from './key-source.ts'
import { KeySetPersistence } from './persistence.ts'

/** How often a fetch is repeated because the process was suspended during it. */
const maxRepeats = 2

/**
 * The key set of one issuer: fetched when first needed, cached, and refreshed in the background.
 *
 * All callers share one fetch. A fetched key set replaces the cached one completely, so a key that the
 * issuer removes is gone. After a failed fetch, the cached key set stays in use until it expires. A key
 * set without usable keys counts as a failed fetch.
 */
export class KeySetCache {
  readonly #issuer: IssuerPolicy
  readonly #clock: Policy['clock']
  readonly #schedule: Policy['schedule']
  readonly #staleIfError: number
  readonly #fetcher: KeySetFetcher
  readonly #backoff: Backoff
  readonly #events: KeyEventReporter
  readonly #persistence: KeySetPersistence
  readonly #emptySets = new EmptySetGracePeriod()
  readonly #blocked = new Set<string>()
  #cached: CachedKeySet | undefined
  /** The key set that was fetched last, if it has no usable key. */
  #rejected: KeySet | undefined
  #restoring: Promise<void> | undefined
  #inFlight: Promise<void> | undefined
  #fetches = 0
  #closed = false
  #cancelTimer: () => void = () => {}

  constructor(issuer: IssuerPolicy, policy: Policy) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#schedule = policy.schedule
    this.#staleIfError = policy.staleIfError * seconds
    this.#fetcher = new KeySetFetcher(issuer, policy)
    this.#backoff = new Backoff(issuer.issuer, policy.clock)
    this.#events = new KeyEventReporter(issuer.issuer, policy, () => this.#keys())
    this.#persistence = new KeySetPersistence(issuer, policy, (reason) =>
      this.#events.report('not-stored', { reason }),
    )
  }

  /** The cached key set, usable or not. A successful fetch replaces this object. */
  get cached(): CachedKeySet | undefined {
    return this.#cached
  }

  /** The cached key set, if it has keys and is fresh or may be used while stale. */
  get usable(): KeySet | undefined {
    const cached = this.#cached
    if (!cached || cached.set.keys.length === 0) return undefined
    return isUsable(cached, this.#now(), this.#staleIfError) ? cached.set : undefined
  }

  /** The key set that requests can use without waiting: usable, and not outdated by a suspension. */
  get current(): KeySet | undefined {
    const usable = this.usable
    return usable && !this.#wasSuspended() ? usable : undefined
  }

  get isFetching(): boolean {
    return this.#inFlight !== undefined
  }

  get isFailing(): boolean {
    return this.#backoff.isFailing
  }

  /** Whether a fetch may start now. */
  get mayFetch(): boolean {
    return !this.#closed && this.#backoff.delayLeft === 0
  }

  /** Fetches the key set, or joins the fetch in flight. Never rejects. `isFailing` has the outcome. */
  fetch(): Promise<void> {
    this.#restoring ??= this.#restore()
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined
      this.#scheduleNext()
    })
    return this.#inFlight
  }

  /** Starts a fetch in the background if one is due. */
  fetchIfDue(): void {
    const isDue =
      !this.#cached || this.#backoff.isFailing || isRefreshDue(this.#cached, this.#now())
    if (isDue && this.mayFetch) void this.fetch()
    this.#reportIfStale()
  }

  /** Waits for the key store or the issuer, whichever provides a key set first. */
  async waitForKeySet(): Promise<KeySet | Refusal> {
    const fetched = this.#backoff.isFailing || this.#closed ? undefined : this.fetch()
    await this.#restoring
    if (!this.current) await fetched
    return this.usable ?? this.unavailable(this.#whyUnusable())
  }

  async warmUp(): Promise<void> {
    if (this.usable) return
    if (this.#backoff.delayLeft === 0) await this.fetch()
    await this.#restoring
    if (!this.usable) throw this.#backoff.toError(this.#whyUnusable())
  }

  async refresh(): Promise<void> {
    // The issuer may have answered a fetch in flight before the change that the caller knows about.
    await this.#inFlight
    await this.fetch()
    if (this.#backoff.isFailing) throw this.#backoff.toError('the refresh failed')
  }

  isBlocked(kid: string): boolean {
    return this.#blocked.has(kid)
  }

  block(kid: string): void {
    this.#blocked.add(kid)
    if (this.#cached) {
      this.#cached = { ...this.#cached, set: withoutKids(this.#cached.set, this.#blocked) }
    }
    this.#events.report('blocked')
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#events.close()
    this.#fetcher.close()
  }

  /** @param delay milliseconds until a retry may help, if that is later than the next fetch */
  unavailable(problem: string, delay = 0): Refusal {
    return this.#backoff.refusal(problem, delay)
  }

  health(): KeyHealth {
    const usable = this.usable
    const cached = this.#cached
    const now = this.#now()
    const { lastError, failures } = this.#backoff
    const delay = this.#delayToNext()
    return {
      issuer: this.#issuer.issuer,
      state: usable ? (isFresh(cached!, now) ? 'fresh' : 'stale') : 'none',
      ...this.#keys(),
      ...(cached && { age: ageOf(cached, now) / seconds }),
      ...(lastError !== undefined && { lastError }),
      ...(delay !== undefined && !this.#closed && { nextAttempt: Math.max(0, delay) / seconds }),
      inFlight: this.isFetching,
      fetches: this.#fetches,
      failures,
    }
  }

  #now(): number {
    return this.#clock.monotonic()
  }

  #keys(): Pick<KeyHealth, 'keys' | 'skipped'> {
    const usable = this.usable ?? emptyKeySet
    const { skipped } = this.#rejected ?? this.#cached?.set ?? emptyKeySet
    return { keys: countKeys(usable), skipped }
  }

  #whyUnusable(): string {
    if (this.#cached) {
      const isEmpty = this.#cached.set.keys.length === 0
      return isEmpty ? 'every key is blocked' : 'the cached key set has expired'
    }
    return this.#rejected ? 'it has no usable key' : 'not fetched yet'
  }

  /** Whether a suspension kept the refresh timer from firing. A restored key set has no such timer. */
  #wasSuspended(): boolean {
    const cached = this.#cached!
    if (this.#backoff.isFailing || this.#closed || cached.restored) return false
    return isOverdue(cached, this.#now())
  }

  /** Reads the key store once, at the start. A key set from the issuer takes precedence. */
  async #restore(): Promise<void> {
    const restored = await this.#persistence.restore()
    if (!restored || this.#cached) return
    const set = withoutKids(restored.set, this.#blocked)
    if (set.keys.length === 0) return
    this.#cached = { ...restored, set }
    this.#events.report('restored')
  }

  /** Repeats a fetch during which the process was suspended, because its response is too old. */
  async #fetch(): Promise<void> {
    for (let repeats = 0; repeats <= maxRepeats; repeats += 1) {
      const requestedAt = this.#now()
      await this.#fetchOnce(requestedAt)
      if (this.#closed || !isOutdated(this.#cached, requestedAt, this.#now())) return
    }
  }

  async #fetchOnce(requestedAt: number): Promise<void> {
    this.#fetches += 1
    loadKeyFunctionsEarly()
    try {
      const fetched = await this.#fetcher.fetch()
      this.#accept(await this.#read(fetched), fetched, requestedAt)
      void this.#persistence.save(fetched.body)
      this.#backoff.recordSuccess()
      this.#events.reportFetched(this.#now() - requestedAt)
    } catch (error) {
      this.#backoff.recordFailure(error)
      this.#fetcher.reset()
      this.#events.reportFailed(error, this.#now() - requestedAt)
    }
  }

  /** @throws FetchError if the response is not a JWKS */
  async #read({ url, body }: FetchedKeySet): Promise<KeySet> {
    if (!body) {
      if (this.#cached) return this.#cached.set
      throw errorFrom(url, 'the response has status 304, but no key set is cached')
    }
    const set = await readKeySet(body, this.#issuer, this.#cached?.set)
    if (set) return set
    throw errorFrom(url, 'the response is not a JWKS with at most 100 keys')
  }

  /** @throws FetchError if the key set has no usable key */
  #accept(read: KeySet, { url, lifetime }: FetchedKeySet, requestedAt: number): void {
    // A key may have been blocked while the key set was being read.
    const set = withoutKids(read, this.#blocked)
    if (set.keys.length === 0) throw this.#reject(set, url, requestedAt)
    const previous = this.#cached?.set
    this.#emptySets.reset()
    this.#rejected = undefined
    this.#cached = { set, requestedAt, lifetime, refreshAge: refreshAge(lifetime) }
    if (previous && !hasSameKeys(previous, set)) this.#events.report('rotated')
  }

  /** Drops the previous key set too, unless the grace period is active. */
  #reject(set: KeySet, url: string, requestedAt: number): FetchError {
    this.#rejected = set
    if (!this.#emptySets.isActive(requestedAt)) this.#cached = undefined
    const reason = this.usable
      ? 'the previous key set stays in use for now'
      : 'no usable key is left'
    this.#events.report('empty', { reason })
    const { skipped } = set
    return errorFrom(
      url,
      skipped.length === 0
        ? 'the key set has no usable key: it is empty'
        : `the key set has no usable key: ${describeSkipped(skipped)}`,
    )
  }

  /** The timer holds only a weak reference, so an unused verifier can be garbage collected. */
  #scheduleNext(): void {
    this.#cancelTimer()
    if (this.#closed) return
    const self = new WeakRef(this)
    this.#cancelTimer = this.#schedule(Math.max(1, this.#delayToNext()!), () => {
      const cache = self.deref()
      if (cache) cache.#onTimer()
    })
  }

  /** Milliseconds until the next fetch. `undefined` before the first one. */
  #delayToNext(): number | undefined {
    if (this.#backoff.isFailing) return this.#backoff.delayLeft
    return this.#cached && this.#cached.refreshAge - ageOf(this.#cached, this.#now())
  }

  /** A timer can fire slightly early. Then nothing is due yet, and the timer is set again. */
  #onTimer(): void {
    this.fetchIfDue()
    if (!this.isFetching) this.#scheduleNext()
  }

  #reportIfStale(): void {
    if (!this.#backoff.isFailing || !this.#cached || isFresh(this.#cached, this.#now())) return
    this.#events.reportStale(this.#backoff.lastThrown)
  }
}

function hasSameKeys({ keys }: KeySet, other: KeySet): boolean {
  return keys.length === other.keys.length && keys.every((key) => other.keys.includes(key))
}
