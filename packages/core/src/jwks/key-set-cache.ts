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
import { adviceOf, errorFrom } from './fetch-failure.ts'
import { type FetchedKeySet, KeySetFetcher } from './fetcher.ts'
import {
  ageOf,
  type CachedKeySet,
  EmptySetGracePeriod,
  isFresh,
  isOutdated,
  isOverdue,
  isRefreshDue,
  isUnused,
  isUsable,
  refreshAge,
  seconds,
} from './freshness.ts'
import { KeyEventReporter } from './events.ts'
import { Backoff } from './backoff.ts'
import type { RefreshMode } from './create-key-source.ts'
import type { KeyHealth } from './key-source.ts'
import { KeySetPersistence } from './persistence.ts'

/** How long a fetch waits for the key store, in milliseconds. */
const maxStoreDelay = 250
/** A stored key set is newer than the cached one if it was fetched this much later, in milliseconds. */
const minClockDifference = 1 * seconds
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
  readonly #mode: RefreshMode | undefined
  readonly #fetcher: KeySetFetcher
  readonly #backoff: Backoff
  readonly #events: KeyEventReporter
  readonly #persistence: KeySetPersistence
  readonly #emptySets = new EmptySetGracePeriod()
  readonly #blocked = new Set<string | undefined>()
  #cached: CachedKeySet | undefined
  /** The key set that was fetched last, if it has no usable key. */
  #rejected: KeySet | undefined
  #restoring: Promise<void> | undefined
  #inFlight: Promise<void> | undefined
  /** Whether a fetch is retried until it succeeds. A fetch for an unknown `kid` is not. */
  #mustFetch = false
  /** Whether the next fetch must not use the key store. */
  #onlyIssuer = false
  #fetches = 0
  /** The server's clock minus the monotonic clock, when it last responded. */
  #serverTime: number | undefined
  /** When a token last needed the keys. */
  #usedAt = -Infinity
  #closed = false
  #cancelTimer: () => void = () => {}

  constructor(issuer: IssuerPolicy, policy: Policy, mode?: RefreshMode) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#schedule = policy.schedule
    this.#staleIfError = policy.staleIfError * seconds
    this.#mode = mode
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

  /** Whether a token with an unknown `kid` may cause a fetch now. */
  get mayLookUp(): boolean {
    return !this.#closed && this.#backoff.mayLookUp
  }

  /**
   * Fetches the key set, or joins the fetch in flight. Never rejects. `isFailing` has the outcome. A failed
   * fetch is retried.
   */
  fetch(): Promise<void> {
    this.#mustFetch = true
    return this.lookUp()
  }

  /** Like `fetch()`, for a token with an unknown `kid`: if it fails, it is not retried before a refresh is due. */
  lookUp(kid?: string): Promise<void> {
    this.#inFlight ??= this.#storedOrFetched(kid).finally(() => {
      this.#inFlight = undefined
      this.#scheduleNext()
    })
    return this.#inFlight
  }

  /** Records that a token needs the keys, so that they are refreshed. */
  recordUse(): void {
    if (this.#mode === 'while used') this.#usedAt = this.#now()
  }

  /** Starts a fetch in the background if one is due. */
  fetchIfDue(): void {
    const isDue = !this.#cached || this.#mustFetch || isRefreshDue(this.#cached, this.#now())
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
    this.#onlyIssuer = true
    await this.fetch()
    if (this.#backoff.isFailing) throw this.#backoff.toError('the refresh failed')
  }

  isBlocked(kid: string | undefined): boolean {
    return this.#blocked.has(kid)
  }

  block(kid: string): void {
    this.#blocked.add(kid)
    if (this.#cached) {
      this.#cached = { ...this.#cached, set: withoutKids(this.#cached.set, this.#blocked) }
    }
    this.#events.report('blocked')
  }

  /** Stops background fetches until `recordUse()`. */
  pause(): void {
    this.#usedAt = -Infinity
    this.#cancelTimer()
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
    const { lastError, lastThrown, failures } = this.#backoff
    const advice = adviceOf(lastThrown)
    const delay = this.#delayToNext()
    return {
      issuer: this.#issuer.issuer,
      state: usable ? (isFresh(cached!, now) ? 'fresh' : 'stale') : 'none',
      ...this.#keys(),
      ...(cached && { age: ageOf(cached, now) / seconds }),
      ...(lastError !== undefined && { lastError }),
      ...(advice !== undefined && { advice }),
      ...(delay !== undefined && !this.#closed && { nextAttempt: Math.max(0, delay) / seconds }),
      ...(this.#serverTime !== undefined && { clockSkew: this.#clockSkew(this.#serverTime) }),
      inFlight: this.isFetching,
      fetches: this.#fetches,
      failures,
    }
  }

  /** The date has whole seconds, so half of one is added. */
  #recordDate(date: number | undefined): void {
    this.#serverTime = date === undefined ? undefined : date + 500 - this.#now()
  }

  /** Seconds by which the clock is ahead of the server's. Also notices a clock that was moved later. */
  #clockSkew(serverTime: number): number {
    return (this.#clock.now() - serverTime - this.#now()) / seconds
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

  /** Milliseconds for which the cached key set can still be used. 0 if there is none. */
  #usableFor(): number {
    if (!this.usable) return 0
    const now = this.#now()
    const { lifetime } = this.#cached!
    const left = lifetime + this.#staleIfError - ageOf(this.#cached!, now)
    return Math.min(left, this.#emptySets.timeLeft(now))
  }

  /** Whether a suspension kept the refresh timer from firing. A restored key set has no such timer. */
  #wasSuspended(): boolean {
    const cached = this.#cached!
    if (this.#backoff.isFailing || this.#closed) return false
    return isOverdue(cached, this.#now())
  }

  /** Fetches the key set, unless another process has stored one that is enough. */
  async #storedOrFetched(kid: string | undefined): Promise<void> {
    if (this.#persistence.isEnabled && !this.#onlyIssuer) {
      const before = this.#cached
      this.#restoring = this.#restore()
      await Promise.race([this.#restoring, this.#wait(maxStoreDelay)])
      if (this.#cached !== before && this.#isEnough(kid)) {
        this.#backoff.recordSuccess()
        this.#mustFetch = false
        return
      }
    }
    this.#onlyIssuer = false
    await this.#fetch()
  }

  /** Whether the key set needs no refresh, and has the key that a token is waiting for. */
  #isEnough(kid: string | undefined): boolean {
    if (isRefreshDue(this.#cached!, this.#now())) return false
    return kid === undefined || this.#cached!.set.keys.some((key) => key.kid === kid)
  }

  #wait(delay: number): Promise<void> {
    return new Promise((resolve) => void this.#schedule(delay, resolve))
  }

  /** Uses the stored key set if it is newer than the cached one. */
  async #restore(): Promise<void> {
    const previous = this.#cached?.set
    const restored = await this.#persistence.restore(previous)
    if (!restored || !this.#isNewer(restored)) return
    const set = withoutKids(restored.set, this.#blocked)
    if (set.keys.length === 0) return
    this.#cached = { ...restored, set }
    this.#rejected = undefined
    this.#emptySets.reset()
    this.#events.report('restored')
    if (previous && !hasSameKeys(previous, set)) this.#events.report('rotated')
  }

  #isNewer({ requestedAt }: CachedKeySet): boolean {
    return !this.#cached || requestedAt >= this.#cached.requestedAt + minClockDifference
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
      this.#recordDate(fetched.date)
      await this.#use(fetched, requestedAt)
      void this.#persistence.save(fetched.body, fetched.lifetime)
      this.#backoff.recordSuccess()
      this.#mustFetch = false
      this.#events.reportFetched(this.#now() - requestedAt)
    } catch (error) {
      this.#backoff.recordFailure(error, this.#usableFor())
      this.#events.reportFailed(error, this.#now() - requestedAt)
    }
  }

  /** @throws FetchError if the response is not a JWKS, or has no usable key */
  async #use(fetched: FetchedKeySet, requestedAt: number): Promise<void> {
    try {
      this.#accept(await this.#read(fetched), fetched, requestedAt)
    } catch (error) {
      this.#fetcher.reset()
      throw error
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
    this.#cached = { set, requestedAt, lifetime, refreshAge: refreshAge(lifetime, !previous) }
    if (previous && !hasSameKeys(previous, set)) this.#events.report('rotated')
  }

  /** Drops the previous key set too, unless the grace period is active. */
  #reject(set: KeySet, url: string, requestedAt: number): FetchError {
    this.#rejected = set
    this.#mustFetch = true
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
    const { isFailing, delayLeft } = this.#backoff
    if (!this.#cached) return isFailing ? delayLeft : undefined
    if (isFailing && this.#mustFetch) return delayLeft
    return Math.max(delayLeft, this.#cached.refreshAge - ageOf(this.#cached, this.#now()))
  }

  /** A timer can fire slightly early. Then nothing is due yet, and the timer is set again. */
  #onTimer(): void {
    if (this.#mode === 'while used' && isUnused(this.#cached, this.#usedAt, this.#now())) return
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
