import { FetchError } from '../lib/fetch-json.ts'
import { type KeySet, readKeySet, selectKey, type VerificationKey, without } from '../jose/jwk.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { Refusal } from '../errors/refusal.ts'
import { KeySetFetcher, type FetchedKeySet } from './fetcher.ts'
import {
  ageOf,
  EmptySets,
  type Held,
  isFresh,
  isLongPast,
  isRefreshDue,
  mayServe,
  refreshAfter,
  seconds,
} from './freshness.ts'
import { type KeyEvent, publishKeyEvent } from './events.ts'
import { Backoff, messageOf } from './backoff.ts'
import type { KeyHealth, KeySource } from './key-source.ts'
import { KeySetStorage } from './sealed-store.ts'
import { UnknownKidLimiter } from './unknown-kid-limiter.ts'

/** Tokens with unknown key names that may wait for a fetch at one time: a herd does, at a rotation. */
const maxWaiting = 20_000

/**
 * A key set that is fetched when it is first needed and refreshed beside the requests. One attempt
 * serves all who wait. A set that came replaces the one before and is never merged with it, so a key
 * that was taken away is gone; one that did not come changes nothing until the held one is too old.
 */
export class RemoteKeySet implements KeySource {
  readonly #issuer: IssuerPolicy
  readonly #clock: Policy['clock']
  readonly #schedule: Policy['schedule']
  readonly #staleFor: number
  readonly #download: KeySetFetcher
  readonly #unknown = new UnknownKidLimiter()
  readonly #blocked = new Set<string>()
  readonly #stored: KeySetStorage
  readonly #failures: Backoff
  readonly #emptySets = new EmptySets()
  #restoring: Promise<void> | undefined
  #held: Held | undefined
  #inFlight: Promise<void> | undefined
  #waiting = 0
  #fetches = 0
  #toldStale = false
  #closed = false
  #cancelTimer: () => void = () => {}

  constructor(issuer: IssuerPolicy, policy: Policy) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#schedule = policy.schedule
    this.#staleFor = policy.staleIfError * seconds
    this.#download = new KeySetFetcher(issuer, policy)
    this.#failures = new Backoff(issuer.issuer, policy.clock)
    this.#stored = new KeySetStorage(issuer, policy, (reason) =>
      this.#tell('not-stored', { reason }),
    )
  }

  /** Without a promise where nothing has to be waited for. */
  find(header: JoseHeader): Promise<VerificationKey | Refusal> | VerificationKey | Refusal {
    const before = this.#held
    const set = this.#obtain()
    if (set instanceof Promise) return set.then((got) => this.#select(got, header, before))
    return this.#select(set, header, before)
  }

  holds(key: VerificationKey): boolean {
    this.#tend()
    const usable = this.#usable()
    return usable !== undefined && !this.#wasForgotten() && usable.keys.includes(key)
  }

  async warmUp(): Promise<void> {
    if (this.#usable()) return
    if (this.#failures.pauseLeft === 0) await this.#attempt()
    await this.#restoring
    if (!this.#usable()) throw this.#failures.thrown()
  }

  ready(): boolean {
    this.#tend()
    return this.#usable() !== undefined
  }

  async refreshKeys(): Promise<void> {
    // One that is under way may have been answered before whatever the caller knows happened.
    await this.#inFlight
    await this.#attempt()
    if (this.#failures.lasts) throw this.#failures.thrown()
  }

  blockKey(kid: string): void {
    this.#blocked.add(kid)
    if (this.#held) this.#held = { ...this.#held, set: without(this.#held.set, this.#blocked) }
    this.#tell('blocked')
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#download.close()
  }

  health(): KeyHealth {
    const usable = this.#usable()
    const [held, now] = [this.#held, this.#now()]
    const age = held && ageOf(held, now)
    const reason = this.#failures.reason
    const next = reason === undefined ? held && held.refreshAfter - age! : this.#failures.pauseLeft
    return {
      issuer: this.#issuer.issuer,
      state: usable ? (isFresh(held!, now) ? 'fresh' : 'stale') : 'none',
      keys: usable?.keys.length ?? 0,
      skipped: usable?.skipped ?? [],
      ...(age !== undefined && { age: age / seconds }),
      ...(reason !== undefined && { lastError: reason }),
      ...(next !== undefined && !this.#closed && { nextAttempt: Math.max(0, next) / seconds }),
      inFlight: this.#inFlight !== undefined,
      ...{ fetches: this.#fetches, failures: this.#failures.total },
    }
  }

  #now(): number {
    return this.#clock.monotonic()
  }

  /** The set that may serve now. */
  #usable(): KeySet | undefined {
    const held = this.#held
    return held && mayServe(held, this.#now(), this.#staleFor) ? held.set : undefined
  }

  /** Waits only where there is nothing to serve with and no attempt has failed yet. */
  #obtain(): KeySet | Refusal | Promise<KeySet | Refusal> {
    this.#tend()
    const usable = this.#usable()
    return usable && !this.#wasForgotten() ? usable : this.#await()
  }

  /** The first that comes: a set from the store, or the end of the attempt. */
  async #await(): Promise<KeySet | Refusal> {
    const attempt = this.#failures.lasts || this.#closed ? undefined : this.#attempt()
    await this.#restoring
    if (!this.#usable() || this.#wasForgotten()) await attempt
    return this.#usable() ?? this.#failures.refusal()
  }

  /** Nobody has asked the issuer for long, and nothing kept anybody from it. */
  #wasForgotten(): boolean {
    const held = this.#held!
    if (this.#failures.lasts || this.#closed || held.restored) return false
    return isLongPast(held, this.#now())
  }

  #select(
    set: KeySet | Refusal,
    header: JoseHeader,
    before: Held | undefined,
  ): Promise<VerificationKey | Refusal> | VerificationKey | Refusal {
    if (set instanceof Refusal) return set
    const found = selectKey(set, header)
    // A set that came with this very request cannot be improved by fetching it again.
    const isNew = this.#held !== before && !this.#held?.restored
    if (!isUnknown(found) || header.kid === undefined || isNew) return found
    return this.#seek(header.kid, header, found)
  }

  /** The key may be newer than the set. Who finds an attempt under way waits for that one. */
  async #seek(kid: string, header: JoseHeader, found: Refusal): Promise<VerificationKey | Refusal> {
    if (this.#waiting >= maxWaiting)
      return this.#failures.refusal('too many tokens wait for a newer set')
    this.#waiting += 1
    try {
      for (const joined of [this.#inFlight !== undefined, false]) {
        if (!joined && !this.#mayFetch(kid)) break
        await this.#attempt()
        const again = selectKey(this.#usable() ?? noKeys, header)
        if (!isUnknown(again)) return again
        if (!joined) break
      }
    } finally {
      this.#waiting -= 1
    }
    return this.#failures.lasts ? this.#failures.refusal() : found
  }

  #mayFetch(kid: string): boolean {
    return (
      !this.#closed && this.#failures.pauseLeft === 0 && this.#unknown.mayFetch(kid, this.#now())
    )
  }

  /** Starts an attempt if one is due. Nobody waits for it here. */
  #tend(): void {
    const due = !this.#held || this.#failures.lasts || isRefreshDue(this.#held, this.#now())
    if (due && !this.#closed && this.#failures.pauseLeft === 0) void this.#attempt()
    this.#tellStale()
  }

  /** Never rejects: what went wrong is kept in `#failures`. */
  #attempt(): Promise<void> {
    this.#restoring ??= this.#restore()
    this.#inFlight ??= this.#run().finally(() => {
      this.#inFlight = undefined
      this.#planNext()
    })
    return this.#inFlight
  }

  /** Once, at the start, and only where the issuer was not quicker. */
  async #restore(): Promise<void> {
    const restored = await this.#stored.restore()
    if (!restored || this.#held) return
    this.#held = { ...restored, set: without(restored.set, this.#blocked) }
    this.#tell('restored')
  }

  async #run(): Promise<void> {
    const since = this.#now()
    this.#fetches += 1
    try {
      const downloaded = await this.#download.get()
      this.#accept(await this.#read(downloaded), since)
      void this.#stored.store(downloaded.body)
      this.#failures.end()
      this.#toldStale = false
      this.#tell('fetched', { duration: this.#now() - since })
    } catch (error) {
      this.#failures.add(error)
      this.#download.distrust()
      this.#tell('failed', { reason: messageOf(error), duration: this.#now() - since })
    }
  }

  async #read(
    downloaded: FetchedKeySet,
  ): Promise<{ readonly set: KeySet; readonly freshFor: number }> {
    const { body, freshFor } = downloaded
    if (!body) {
      if (!this.#held) throw new FetchError('answered that nothing changed since nothing')
      return { set: this.#held.set, freshFor }
    }
    const set = await readKeySet(body, this.#issuer, this.#held?.set)
    if (!set) throw new FetchError('the answer is not a key set of at most 100 keys')
    return { set, freshFor }
  }

  #accept(read: { set: KeySet; freshFor: number }, since: number): void {
    const { freshFor } = read
    // Here and not where it was read: somebody may have evicted a key in between.
    const set = without(read.set, this.#blocked)
    const before = this.#held?.set
    this.#bewareOfEmpty(before, set, since)
    this.#held = { set, since, freshFor, refreshAfter: refreshAfter(freshFor) }
    if (before && !sameKeys(before, set)) this.#tell('rotated')
  }

  /** @throws FetchError while an empty set still counts as a mistake */
  #bewareOfEmpty(before: KeySet | undefined, set: KeySet, since: number): void {
    const judged = this.#emptySets.judge(before, set, since)
    if (judged === 'usual') return
    const isMistake = judged === 'mistake'
    this.#tell('empty', {
      reason: isMistake ? 'the set before serves on for now' : 'no key serves any longer',
    })
    if (isMistake) throw new FetchError('the key set holds no usable key any longer')
  }

  /** The timer holds nothing: a verifier that nobody uses any longer can go, and its timer with it. */
  #planNext(): void {
    this.#cancelTimer()
    if (this.#closed) return
    const held = this.#held
    const delay = this.#failures.lasts
      ? this.#failures.pauseLeft
      : held!.refreshAfter - ageOf(held!, this.#now())
    const self = new WeakRef(this)
    this.#cancelTimer = this.#schedule(Math.max(1, delay), () => {
      const keys = self.deref()
      if (keys) keys.#wake()
    })
  }

  /** Timers fire a little early at times. Who finds nothing to do yet asks to be called again. */
  #wake(): void {
    this.#tend()
    if (!this.#inFlight) this.#planNext()
  }

  /** Once an outage. */
  #tellStale(): void {
    const { reason } = this.#failures
    if (this.#toldStale || reason === undefined || !this.#held) return
    if (isFresh(this.#held, this.#now())) return
    this.#toldStale = true
    this.#tell('stale', { reason })
  }

  #tell(event: KeyEvent['event'], more: Partial<KeyEvent> = {}): void {
    publishKeyEvent(() => ({
      version: 1,
      time: new Date(this.#clock.now()).toISOString(),
      issuer: this.#issuer.issuer,
      event,
      keys: this.#usable()?.keys.length ?? 0,
      skipped: this.#usable()?.skipped ?? [],
      ...more,
    }))
  }
}

const noKeys: KeySet = { keys: [], skipped: [], byText: new Map() }

function isUnknown(found: VerificationKey | Refusal): found is Refusal {
  return found instanceof Refusal && found.code === 'key_not_found'
}

function sameKeys({ keys }: KeySet, other: KeySet): boolean {
  return keys.length === other.keys.length && keys.every((key) => other.keys.includes(key))
}
