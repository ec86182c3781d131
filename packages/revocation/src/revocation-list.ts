import {
  type Clock,
  ConfigError,
  type JwtResult,
  type JwtVerifier,
  type RevocableToken,
  type Revocation,
  type RevocationChecker,
  type RevocationContext,
  type RevocationFinding,
  type RevocationHealth,
} from '@resource-server/core'
import { quote, within } from '@resource-server/core/client'
import { describe, FeedReader } from './feed-reader.ts'
import { LogoutReceiver } from './logout.ts'
import { type LogoutHandlers, logoutHandlers } from './logout-handlers.ts'
import {
  type BackchannelLogoutOptions,
  readListOptions,
  readLogoutOptions,
  type RevocationListOptions,
} from './options.ts'
import { Replica } from './replica.ts'
import { RevocationError } from './revocation-error.ts'
import {
  entryOf,
  formatEntry,
  parseEntry,
  type RevocationEntry,
  type RevocationTarget,
} from './revocation-entry.ts'

/** How long the feed may take to store an entry, in milliseconds. */
const appendDeadline = 2000
/** How long `warmUp` waits for the feed, in milliseconds. */
const warmUpDeadline = 5000

/**
 * A list of revoked tokens, for the `revocation` option of resource servers and verifiers. It requires their
 * `maxLifetime` option: an entry is kept until no token that it matches can still be valid.
 */
export interface RevocationList extends Revocation {
  /**
   * Refuses tokens with 401 `invalid_token` from now on: in this process at once, and in others within a second.
   *
   * @throws ConfigError (as a rejection) if the target is malformed, its issuer is not trusted, or no resource server
   *   uses the list yet
   * @throws RevocationError (as a rejection) if the list is full or the feed did not store the revocation
   */
  readonly revoke: (target: RevocationTarget) => Promise<void>
  /**
   * Whether a token that was verified earlier is on the list now, for work that continues after the request: the
   * `isRevoked` option of `nextHop` in `@resource-server/exchange`, for example. `false` does not prove that it was not
   * revoked, because revocations may be missing.
   */
  readonly isRevoked: (token: RevocableToken) => boolean
  /**
   * Handlers for OpenID Connect Back-Channel Logout 1.0, one for each host. They end the session in the logout token
   * (`sid`), or all sessions of its subject that began before it was issued. Mount one at the URL that is registered
   * as the client's `backchannel_logout_uri`, before body parsers and without a guard.
   *
   * They verify logout tokens as strictly as access tokens, and accept each one only once. The response is 200
   * on success, 400 for a logout token that is not accepted, or 503 if it could not be verified or stored.
   *
   * @throws ConfigError if no clients are named
   */
  readonly backchannelLogout: (options: BackchannelLogoutOptions) => LogoutHandlers
}

/**
 * Creates a list of revoked tokens. Without a feed, the list is known to this process only, and is lost on restart.
 *
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { createVerifier } from '@resource-server/core'
 * import { createRevocationList } from '@resource-server/revocation'
 *
 * const issuer = 'https://as.example.com'
 * const revocation = createRevocationList()
 * export const verifier = createVerifier({
 *   issuer,
 *   audience: 'order-service',
 *   maxLifetime: 600,
 *   revocation,
 * })
 *
 * export const lockAccount = (subject: string) => revocation.revoke({ issuer, subject })
 * ```
 */
export function createRevocationList(options: RevocationListOptions = {}): RevocationList {
  const list = new List(options)
  return Object.freeze({
    connect: (context: RevocationContext) => list.connect(context),
    revoke: (target: RevocationTarget) => list.revoke(target),
    isRevoked: (token: RevocableToken) => list.isRevoked(token),
    backchannelLogout: (given: BackchannelLogoutOptions) => list.backchannelLogout(given),
  })
}

/** What a connected verifier contributes. */
interface Connection {
  readonly clock: Required<Clock>
  readonly trusts: (issuer: string) => boolean
  readonly verifyJwt: JwtVerifier
  readonly warn: (message: string) => boolean
}

class List {
  readonly #settings: ReturnType<typeof readListOptions>
  readonly #replica: Replica
  readonly #listeners = new Set<() => void>()
  /** In the order in which they connected. The clock of the first one counts. */
  readonly #connections = new Set<Connection>()
  #clock: Required<Clock> | undefined
  #reader: FeedReader | undefined
  /** How long an entry matters, in milliseconds. */
  #lifetime = 0
  /** In milliseconds. */
  #tolerance = 0
  /** Entries that could not be read or kept: until then, it is not known what they revoke. */
  #incompleteUntil = -Infinity
  #incompleteReason: string | undefined

  constructor(options: RevocationListOptions) {
    this.#settings = readListOptions(options)
    this.#replica = new Replica(this.#settings.maxEntries)
  }

  connect({
    clock,
    clockTolerance,
    maxLifetime,
    trusts,
    verifyJwt,
    warn,
  }: RevocationContext): RevocationChecker {
    if (maxLifetime === undefined) {
      throw new ConfigError(
        "A revocation list requires the option 'maxLifetime'.",
        'Set maxLifetime to the longest lifetime of your access tokens, in seconds. Entries are kept for that long.',
      )
    }
    // A token whose issuer's clock is ahead expires later by the tolerance, and is accepted later by the tolerance.
    this.#lifetime = Math.max(this.#lifetime, (maxLifetime + 2 * clockTolerance) * 1000)
    this.#tolerance = Math.max(this.#tolerance, clockTolerance * 1000)
    this.#clock ??= clock
    const connection: Connection = { clock, trusts, verifyJwt, warn }
    this.#connections.add(connection)
    const reader = this.#startReader(this.#clock)
    return {
      check: (token) => this.#check(token),
      subscribe: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      ready: () => reader?.isCurrent ?? true,
      warmUp: () => this.#warmUp(reader),
      health: () => this.#health(),
      close: () => {
        this.#connections.delete(connection)
        if (this.#connections.size === 0) this.#reader?.stop()
      },
    }
  }

  async revoke(target: RevocationTarget): Promise<void> {
    const clock = this.#clock
    if (!clock) {
      throw new ConfigError(
        'revoke() was called on a list that nothing uses.',
        'Pass the list to resourceServer({ revocation: list }) or createVerifier() first.',
      )
    }
    const now = clock.now()
    const entry = entryOf(target, now)
    this.#requireTrusted(entry)
    if (!this.#add(entry, now)) {
      throw new RevocationError(
        'list_full',
        `The list has ${this.#settings.maxEntries} revocations (maxEntries).`,
      )
    }
    this.#tell()
    await this.#append(entry)
  }

  isRevoked(token: RevocableToken): boolean {
    return this.#replica.find(token) !== undefined
  }

  backchannelLogout(options: BackchannelLogoutOptions): LogoutHandlers {
    const { clients, onLogout } = readLogoutOptions(options)
    const receiver = new LogoutReceiver({
      verifyJwt: (...given) => this.#verifyJwt(...given),
      clients,
      revoke: (target) => this.revoke(target),
      now: () => this.#clock!.now(),
    })
    return logoutHandlers(async (token) => {
      const event = await receiver.receive(token)
      try {
        onLogout?.(event)
      } catch {
        // The handler of the application must not change the response.
      }
      return event
    })
  }

  /** This runs for every request. */
  #check(token: RevocableToken): RevocationFinding | undefined {
    const matched = this.#replica.find(token)
    if (matched !== undefined) return { outcome: 'revoked', reason: `${matched} is on the list` }
    const reader = this.#reader
    if (this.#incompleteReason === undefined && (reader === undefined || reader.isCurrent)) {
      return undefined
    }
    return this.#whenIncomplete(reader)
  }

  #whenIncomplete(reader: FeedReader | undefined): RevocationFinding | undefined {
    const problem = this.#problem(reader)
    if (problem === undefined) return undefined
    const { whenStale, maxStaleness } = this.#settings
    const isAllowed = reader?.wasCurrent && reader.age < maxStaleness * 1000
    if (whenStale === 'grant' && isAllowed && this.#incompleteReason === undefined) {
      return { outcome: 'stale' }
    }
    return {
      outcome: 'unavailable',
      reason: `revocations may be missing: ${problem}`,
      retryAfter: 1,
    }
  }

  /** Why revocations may be missing, or `undefined`. */
  #problem(reader: FeedReader | undefined): string | undefined {
    if (this.#incompleteReason !== undefined) {
      if (this.#clock!.now() < this.#incompleteUntil) return this.#incompleteReason
      this.#incompleteReason = undefined
    }
    if (!reader || reader.isCurrent) return undefined
    const { name } = this.#settings.feed!
    const since = reader.wasCurrent ? `for ${Math.round(reader.age / 1000)} s` : 'yet'
    const error = reader.lastError === undefined ? '' : ` (${reader.lastError})`
    return `the feed ${quote(name)} has not been read ${since}${error}`
  }

  #startReader(clock: Required<Clock>): FeedReader | undefined {
    const { feed } = this.#settings
    if (!feed) return undefined
    this.#reader ??= new FeedReader(feed, clock, {
      onEntries: (entries) => this.#onEntries(entries),
    })
    this.#reader.start()
    return this.#reader
  }

  #onEntries(entries: readonly unknown[]): void {
    if (entries.length === 0) return
    const now = this.#clock!.now()
    for (const text of entries) {
      const entry = parseEntry(text)
      if (!entry) this.#setIncomplete('an entry of the feed is malformed', now)
      else if (!this.#add(entry, now)) {
        this.#setIncomplete(`the list is full (maxEntries: ${this.#settings.maxEntries})`, now)
      }
    }
    this.#tell()
  }

  #setIncomplete(reason: string, now: number): void {
    if (this.#incompleteReason === undefined) {
      const message = `Revocations may be missing, so valid tokens get 503: ${reason}.`
      // Once, although the list may serve several verifiers.
      for (const { warn } of this.#connections) if (warn(message)) break
    }
    this.#incompleteReason = reason
    this.#incompleteUntil = now + this.#lifetime
  }

  #add(entry: RevocationEntry, now: number): boolean {
    // The clock of another process may be ahead, but an entry must not stay forever.
    const time = Math.min(entry.time, now + this.#tolerance)
    return this.#replica.add(entry, time + this.#lifetime, now)
  }

  async #append(entry: RevocationEntry): Promise<void> {
    const { feed } = this.#settings
    if (!feed) return
    const late = (): Error =>
      new RevocationError('feed_unavailable', `no answer within ${appendDeadline} ms`)
    try {
      await within(appendDeadline, feed.append(formatEntry(entry), Math.ceil(this.#lifetime)), late)
    } catch (error) {
      const what = error instanceof RevocationError ? error.message : describe(error)
      throw new RevocationError(
        'feed_unavailable',
        `The feed did not store the revocation, so other processes may not know about it: ${what}.`,
      )
    }
  }

  #requireTrusted({ kind, issuer }: RevocationEntry): void {
    // An actor may be from an issuer other than the token's.
    if (kind === 'actor' || [...this.#connections].some(({ trusts }) => trusts(issuer))) return
    throw new ConfigError(
      `revoke() was called with an unknown issuer, ${quote(issuer)}.`,
      'Pass the exact iss value of its tokens.',
    )
  }

  /** Resource servers with different issuers can share a list: one of them must accept the JWT. */
  async #verifyJwt(...given: Parameters<JwtVerifier>): Promise<JwtResult> {
    const reason = 'no resource server uses the list'
    let result: JwtResult = { ok: false, outcome: 'unavailable', reason }
    for (const { verifyJwt } of this.#connections) {
      // oxlint-disable-next-line no-await-in-loop -- usually there is one, and the others are not asked
      result = await verifyJwt(...given)
      if (result.ok || result.outcome === 'unavailable') return result
    }
    return result
  }

  async #warmUp(reader: FeedReader | undefined): Promise<void> {
    if (!reader || reader.isCurrent) return
    await within(warmUpDeadline, reader.read(), () => this.#notCurrent(reader))
    if (!reader.isCurrent) throw this.#notCurrent(reader)
  }

  #notCurrent(reader: FeedReader): RevocationError {
    return new RevocationError(
      'feed_unavailable',
      `Revocations may be missing: ${this.#problem(reader)}.`,
    )
  }

  #health(): RevocationHealth {
    this.#replica.dropExpired(this.#clock!.now())
    const reader = this.#reader
    const problem = this.#problem(reader)
    const lastError = problem ?? reader?.lastError
    return {
      state: problem === undefined ? 'current' : 'stale',
      source: this.#settings.feed?.name ?? 'process',
      entries: this.#replica.size,
      ...(reader?.wasCurrent && { age: Math.round(reader.age / 1000) }),
      ...(lastError !== undefined && { lastError }),
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
