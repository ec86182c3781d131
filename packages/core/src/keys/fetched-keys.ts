import { FetchError } from '../http.ts'
import { type KeySet, readKeySet, selectKey, type VerificationKey, without } from '../jwk.ts'
import type { JsonObject } from '../json.ts'
import type { JoseHeader } from '../jws.ts'
import type { IssuerPolicy, Policy } from '../policy.ts'
import { ConfigError, Refusal, refuse, VerificationError } from '../refusal.ts'
import { Download, type Downloaded } from './download.ts'
import { type KeyEvent, publishKeyEvent } from './events.ts'
import type { KeyHealth, KeySource } from './source.ts'
import { minutes, pauseAfter, refreshAfter, seconds, usualFreshness } from './timing.ts'
import { UnknownKids } from './unknown-kids.ts'
import { Vault } from './vault.ts'

interface Held {
  readonly set: KeySet
  /** When it was asked for, and not when it came: what it says is no newer than that. */
  readonly since: number
  readonly freshFor: number
  readonly refreshAfter: number
  /** From the store, and not from the issuer. */
  readonly restored?: true
}

interface Failure {
  readonly error: unknown
  readonly count: number
  readonly retryAt: number
}

/** An empty set revokes all keys or is a mistake at the issuer. For this long it counts as a mistake. */
const emptyGrace = 5 * minutes
/** Tokens with unknown key names that may wait for a fetch at one time: a herd does, at a rotation. */
const maxWaiting = 20_000

/**
 * A key set that is fetched when it is first needed and refreshed beside the requests. One attempt
 * serves all who wait. A set that came replaces the one before and is never merged with it, so a key
 * that was taken away is gone; one that did not come changes nothing until the held one is too old.
 */
export class FetchedKeys implements KeySource {
  readonly #issuer: IssuerPolicy
  readonly #clock: Policy['clock']
  readonly #schedule: Policy['schedule']
  readonly #staleFor: number
  readonly #download: Download
  readonly #unknown = new UnknownKids()
  readonly #evicted = new Set<string>()
  readonly #vault: Vault | undefined
  #restoring: Promise<void> | undefined
  #lastBody: JsonObject | undefined
  #held: Held | undefined
  #failure: Failure | undefined
  #emptySince: number | undefined
  #inFlight: Promise<void> | undefined
  #waiting = 0
  #counts = { fetches: 0, failures: 0 }
  #toldStale = false
  #closed = false
  #cancelTimer: () => void = () => {}

  constructor(issuer: IssuerPolicy, policy: Policy) {
    this.#issuer = issuer
    this.#clock = policy.clock
    this.#schedule = policy.schedule
    this.#staleFor = policy.staleKeysFor * seconds
    this.#download = new Download(issuer, policy)
    this.#vault = policy.keyStore && new Vault(issuer, policy.clock, policy.keyStore)
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
    if (this.#pauseLeft() === 0) await this.#attempt()
    await this.#restoring
    if (!this.#usable()) throw this.#failed()
  }

  ready(): boolean {
    this.#tend()
    return this.#usable() !== undefined
  }

  async reload(): Promise<void> {
    // One that is under way may have been answered before whatever the caller knows happened.
    await this.#inFlight
    await this.#attempt()
    if (this.#failure) throw this.#failed()
  }

  evict(kid: string): void {
    this.#evicted.add(kid)
    if (this.#held) this.#held = { ...this.#held, set: without(this.#held.set, this.#evicted) }
    this.#tell('evicted')
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#download.close()
  }

  health(): KeyHealth {
    const usable = this.#usable()
    const age = this.#held && this.#age(this.#held)
    const isFresh = age !== undefined && age < this.#held!.freshFor
    const next = this.#failure ? this.#pauseLeft() : this.#held && this.#held.refreshAfter - age!
    return {
      issuer: this.#issuer.issuer,
      state: usable ? (isFresh ? 'fresh' : 'stale') : 'none',
      keys: usable?.keys.length ?? 0,
      skipped: usable?.skipped ?? [],
      ...(age !== undefined && { age: age / seconds }),
      ...(this.#failure && { lastError: messageOf(this.#failure.error) }),
      ...(next !== undefined && !this.#closed && { nextAttempt: Math.max(0, next) / seconds }),
      inFlight: this.#inFlight !== undefined,
      ...this.#counts,
    }
  }

  #age({ since }: Held): number {
    return this.#clock.monotonic() - since
  }

  /** The set that may serve now: current, or within the time for which an outage is bridged. */
  #usable(): KeySet | undefined {
    const held = this.#held
    return held && this.#age(held) < held.freshFor + this.#staleFor ? held.set : undefined
  }

  /** Waits only where there is nothing to serve with and no attempt has failed yet. */
  #obtain(): KeySet | Refusal | Promise<KeySet | Refusal> {
    this.#tend()
    const usable = this.#usable()
    if (usable && !this.#wasForgotten()) return usable
    if (usable && (this.#failure || this.#closed)) return usable
    return this.#await()
  }

  /** The first that comes: a set from the store, or the end of the attempt. */
  async #await(): Promise<KeySet | Refusal> {
    const attempt = this.#failure || this.#closed ? undefined : this.#attempt()
    await this.#restoring
    if (!this.#usable() || this.#wasForgotten()) await attempt
    return this.#usable() ?? this.#unavailable()
  }

  /** Long past its freshness, and nobody has asked the issuer since: the process slept. */
  #wasForgotten(): boolean {
    const held = this.#held!
    if (this.#failure || this.#closed || held.restored) return false
    return this.#age(held) >= 2 * held.freshFor
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
      return this.#unavailable('too many tokens wait for a newer set')
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
    return this.#failure ? this.#unavailable() : found
  }

  #mayFetch(kid: string): boolean {
    return (
      !this.#closed &&
      this.#pauseLeft() === 0 &&
      this.#unknown.mayFetch(kid, this.#clock.monotonic())
    )
  }

  /** Starts an attempt if one is due. Nobody waits for it here. */
  #tend(): void {
    const due = !this.#held || this.#failure || this.#age(this.#held) >= this.#held.refreshAfter
    if (due && !this.#closed && this.#pauseLeft() === 0) void this.#attempt()
    this.#tellStale()
  }

  /** Never rejects: what went wrong is kept in `#failure`. */
  #attempt(): Promise<void> {
    this.#restoring ??= this.#restore()
    this.#inFlight ??= this.#run().finally(() => {
      this.#inFlight = undefined
      this.#planNext()
    })
    return this.#inFlight
  }

  /** Once, at the start. Only a set that could still serve had this process never stopped. */
  async #restore(): Promise<void> {
    try {
      const stored = await this.#vault?.load()
      const set = stored && (await readKeySet(stored.body, this.#issuer))
      if (!set || this.#held) return
      const since = this.#clock.monotonic() - stored.age
      const held = { since, freshFor: usualFreshness, refreshAfter: 0, restored: true } as const
      this.#held = { ...held, set: without(set, this.#evicted) }
      this.#tell('restored')
    } catch (error) {
      this.#tell('not-stored', { reason: messageOf(error) })
    }
  }

  async #store(body: JsonObject | undefined): Promise<void> {
    this.#lastBody = body ?? this.#lastBody
    try {
      if (this.#lastBody) await this.#vault?.save(this.#lastBody)
    } catch (error) {
      this.#tell('not-stored', { reason: messageOf(error) })
    }
  }

  async #run(): Promise<void> {
    const since = this.#clock.monotonic()
    this.#counts.fetches += 1
    try {
      const downloaded = await this.#download.get()
      this.#accept(await this.#read(downloaded), since)
      void this.#store(downloaded.body)
      this.#failure = undefined
      this.#toldStale = false
      this.#tell('fetched', { duration: this.#clock.monotonic() - since })
    } catch (error) {
      this.#fail(error)
      const reason = messageOf(error)
      this.#tell('failed', { reason, duration: this.#clock.monotonic() - since })
    }
  }

  async #read(
    downloaded: Downloaded,
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
    const set = without(read.set, this.#evicted)
    const before = this.#held?.set
    if (before && before.keys.length > 0 && set.keys.length === 0) this.#tolerateEmpty(since)
    else this.#emptySince = undefined
    this.#held = { set, since, freshFor, refreshAfter: refreshAfter(freshFor) }
    if (before && !sameKeys(before, set)) this.#tell('rotated')
  }

  /** @throws FetchError while an empty set still counts as a mistake */
  #tolerateEmpty(now: number): void {
    this.#emptySince ??= now
    const tolerated = now - this.#emptySince < emptyGrace
    this.#tell('empty', {
      reason: tolerated ? 'the set before serves on for now' : 'no key serves any longer',
    })
    if (tolerated) throw new FetchError('the key set holds no usable key any longer')
  }

  #fail(error: unknown): void {
    const count = (this.#failure?.count ?? 0) + 1
    const asked = error instanceof FetchError ? error.retryAfter : undefined
    this.#failure = { error, count, retryAt: this.#clock.monotonic() + pauseAfter(count, asked) }
    this.#counts.failures += 1
    this.#download.distrust()
  }

  /** The timer holds nothing: a verifier that nobody uses any longer can go, and its timer with it. */
  #planNext(): void {
    this.#cancelTimer()
    if (this.#closed) return
    const held = this.#held
    const delay = this.#failure ? this.#pauseLeft() : held!.refreshAfter - this.#age(held!)
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

  #pauseLeft(): number {
    return this.#failure ? Math.max(0, this.#failure.retryAt - this.#clock.monotonic()) : 0
  }

  #unavailable(reason?: string): Refusal {
    const { error } = this.#failure ?? {}
    const code = error instanceof ConfigError ? 'metadata_rejected' : 'keys_unavailable'
    const why = reason ?? (error === undefined ? 'nothing was fetched' : messageOf(error))
    const retryAfter = Math.max(1, Math.ceil(this.#pauseLeft() / seconds))
    return refuse(code, `the keys of '${this.#issuer.issuer}' cannot be had: ${why}`, {
      retryAfter,
    })
  }

  #failed(): Error {
    const { error } = this.#failure ?? {}
    return error instanceof ConfigError ? error : new VerificationError(this.#unavailable())
  }

  /** Once an outage. */
  #tellStale(): void {
    const held = this.#held
    if (this.#toldStale || !this.#failure || !held || this.#age(held) < held.freshFor) return
    this.#toldStale = true
    this.#tell('stale', { reason: messageOf(this.#failure.error) })
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
