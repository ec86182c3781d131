import type { Clock } from './clock.ts'
import { type Fetch, fetchJson } from './http.ts'
import { type KeySet, readKeys, readKeySet, selectKey, type VerificationKey } from './jwk.ts'
import type { JoseHeader } from './jws.ts'
import { discoverKeySet } from './metadata.ts'
import type { IssuerPolicy, Policy } from './policy.ts'
import { ConfigError, Refusal, refuse, VerificationError } from './refusal.ts'

/** The keys of one issuer. */
export interface KeySource {
  find(header: JoseHeader): Promise<VerificationKey | Refusal>
  /** Whether that very key is in the set that would serve now, without fetching anything. */
  holds(key: VerificationKey): boolean
  /**
   * Resolves once there are keys.
   *
   * @throws ConfigError where waiting does not help
   * @throws VerificationError where it may
   */
  warmUp(): Promise<void>
}

const seconds = 1_000
const minutes = 60 * seconds

/** How long a fetched set counts as current, unless its Cache-Control says otherwise within bounds. */
const freshness = { usual: 5 * minutes, min: 1 * minutes, max: 10 * minutes }
/** How long beyond that it still serves where the issuer cannot be reached. */
const staleUse = 60 * minutes
/** After a failure nothing is fetched for a while, longer with each one. */
const pause = { first: 1 * seconds, max: 30 * seconds }
/** Fetches for an unknown kid: a few at once for a rotation, then a slow drip against a flood. */
const unknownKid = { burst: 3, refill: 10 * seconds }

interface Held {
  readonly set: KeySet
  readonly since: number
  readonly freshFor: number
}

interface Failure {
  readonly at: number
  readonly count: number
  readonly error: unknown
}

export function createKeySource(issuer: IssuerPolicy, policy: Policy): KeySource {
  if (issuer.jwks) return new FixedKeys(issuer.jwks.keys, issuer)
  return new FetchedKeys(issuer, policy)
}

class FixedKeys implements KeySource {
  readonly #set: Promise<KeySet>
  #keys: KeySet['keys'] = []

  constructor(keys: readonly object[], issuer: IssuerPolicy) {
    this.#set = readKeys(keys, issuer)
    void this.#set.then((set) => (this.#keys = set.keys))
  }

  holds(key: VerificationKey): boolean {
    return this.#keys.includes(key)
  }

  async find(header: JoseHeader): Promise<VerificationKey | Refusal> {
    return selectKey(await this.#set, header)
  }

  async warmUp(): Promise<void> {
    const { keys, skipped } = await this.#set
    if (keys.length > 0) return
    throw new ConfigError(
      `No key of 'jwks' can be used: ${skipped.join('; ')}.`,
      'Give public signature keys.',
    )
  }
}

/**
 * A key set that is fetched when it is needed and kept while it is fresh. All waiters share one
 * fetch. A refresh replaces the set and never merges, so a removed key is gone.
 */
class FetchedKeys implements KeySource {
  readonly #issuer: IssuerPolicy
  readonly #fetch: Fetch
  readonly #clock: Clock
  readonly #insecure: boolean
  #jwksUri: string | undefined
  #held: Held | undefined
  #failure: Failure | undefined
  #inFlight: Promise<void> | undefined
  #tokens = { left: unknownKid.burst, at: 0 }

  constructor(issuer: IssuerPolicy, policy: Policy) {
    this.#issuer = issuer
    this.#fetch = policy.fetch
    this.#clock = policy.clock
    this.#insecure = policy.allowInsecureHttp
    this.#jwksUri = issuer.jwksUri
  }

  async warmUp(): Promise<void> {
    const set = await this.#load()
    if (!(set instanceof Refusal)) return
    throw this.#failure?.error instanceof ConfigError
      ? this.#failure.error
      : new VerificationError(set)
  }

  async #load(): Promise<KeySet | Refusal> {
    if (this.#isHeldFor(this.#held?.freshFor ?? 0)) return this.#held!.set
    await this.#refresh()
    const usable = (this.#held?.freshFor ?? 0) + staleUse
    return this.#isHeldFor(usable) ? this.#held!.set : this.#unavailable()
  }

  async find(header: JoseHeader): Promise<VerificationKey | Refusal> {
    const before = this.#held
    const set = await this.#load()
    if (set instanceof Refusal) return set
    const found = selectKey(set, header)
    const seekNewer =
      found instanceof Refusal && found.code === 'key_not_found' && header.kid !== undefined
    if (!seekNewer) return found
    // A set that came with this very request cannot be improved by fetching it again.
    if (this.#held === before && this.#takeToken()) await this.#refresh()
    const again = selectKey(this.#held!.set, header)
    return again instanceof Refusal && this.#failure ? this.#unavailable() : again
  }

  holds(key: VerificationKey): boolean {
    return this.#isHeldFor(this.#held?.freshFor ?? 0) && this.#held!.set.keys.includes(key)
  }

  #isHeldFor(duration: number): boolean {
    return this.#held !== undefined && this.#clock.monotonic() - this.#held.since < duration
  }

  /** Never rejects: what went wrong is kept in `#failure`. */
  async #refresh(): Promise<void> {
    if (this.#inFlight) return this.#inFlight
    if (this.#pauseLeft() > 0) return
    this.#inFlight = this.#fetchSet()
      .then(
        (held) => {
          this.#held = held
          this.#failure = undefined
        },
        (error: unknown) => {
          this.#failure = {
            at: this.#clock.monotonic(),
            count: (this.#failure?.count ?? 0) + 1,
            error,
          }
          // The key set may have moved: the next attempt asks the metadata again.
          this.#jwksUri = this.#issuer.jwksUri
        },
      )
      .finally(() => {
        this.#inFlight = undefined
      })
    return this.#inFlight
  }

  async #fetchSet(): Promise<Held> {
    this.#jwksUri ??= await discoverKeySet(this.#fetch, this.#issuer, this.#insecure)
    const { body, cacheControl } = await fetchJson(this.#fetch, this.#jwksUri)
    const set = await readKeySet(body, this.#issuer)
    if (!set) throw new Error('the answer is not a key set of at most 100 keys')
    return { set, since: this.#clock.monotonic(), freshFor: freshFor(cacheControl) }
  }

  #pauseLeft(): number {
    if (!this.#failure) return 0
    const length = Math.min(pause.max, pause.first * 2 ** (this.#failure.count - 1))
    return Math.max(0, this.#failure.at + length - this.#clock.monotonic())
  }

  #unavailable(): Refusal {
    const { error } = this.#failure ?? {}
    const code = error instanceof ConfigError ? 'metadata_rejected' : 'keys_unavailable'
    const why = error instanceof Error ? error.message : 'unknown'
    const retryAfter = Math.max(1, Math.ceil(this.#pauseLeft() / seconds))
    return refuse(code, `the keys of '${this.#issuer.issuer}' cannot be had: ${why}`, {
      retryAfter,
    })
  }

  #takeToken(): boolean {
    const now = this.#clock.monotonic()
    const refilled = Math.floor((now - this.#tokens.at) / unknownKid.refill)
    if (refilled > 0)
      this.#tokens = { left: Math.min(unknownKid.burst, this.#tokens.left + refilled), at: now }
    if (this.#tokens.left === 0) return false
    this.#tokens.left -= 1
    return true
  }
}

function freshFor(cacheControl: string | null): number {
  const maxAge = /(?:^|[\s,])max-age=(\d{1,10})(?:$|[\s,])/i.exec(cacheControl ?? '')?.[1]
  if (maxAge === undefined) return freshness.usual
  return Math.min(freshness.max, Math.max(freshness.min, Number(maxAge) * seconds))
}
