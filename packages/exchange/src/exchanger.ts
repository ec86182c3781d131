import { type AccessToken, ConfigError } from '@resource-server/core'
import {
  forgetVerification,
  GenerationalMap,
  isAccessToken,
  kindOf,
  quote,
  rawOf,
  sha256,
} from '@resource-server/core/client'
import type { DpopKey } from './dpop-key.ts'
import { createExchangedToken, type ExchangedToken } from './exchanged-token.ts'
import { type Failure, HopError } from './hop-error.ts'
import { type Outcome, Recorder } from './recorder.ts'
import { SealedTokens, type StoredToken } from './sealed-store.ts'
import type { Settings } from './settings.ts'
import { TokenRequests } from './token-requests.ts'

// All times are in milliseconds.

/** A token is last used this long before it expires, so that it is still valid when it arrives. */
const margin = 30_000
const maxLifetime = 3_600_000
/** How long to remember a refusal that the same request would get again. */
const refusedFor = 5_000
/** What an entry takes in memory in addition to the text of its token. About 400 bytes were measured on Node 20. */
const entryBytes = 500
const refusalBounds = { entries: 2_000, bytes: 2_000_000 }

interface Entry {
  readonly token: ExchangedToken
  /** A reading of the monotonic clock. */
  readonly until: number
}

interface Remembered {
  readonly failure: Failure
  /** A reading of the monotonic clock. */
  readonly until: number
}

/** A request that any number of calls wait for. */
interface Flight {
  readonly result: Promise<Outcome>
  /** Whether the caller's token was revoked in the meantime, so that the result must not be kept. */
  isForgotten: boolean
}

/** State for a health endpoint. */
export interface HopHealth {
  /** False from the moment that the server fails, or refuses this service, until it issues a token again. */
  readonly ok: boolean
  /** Why `ok` is false, for the operator. Absent otherwise. */
  readonly reason?: string
  /** The number of tokens in memory. */
  readonly cachedTokens: number
}

/** Exchanges tokens of callers: checks, caches, and shares the requests. */
export class Exchanger {
  readonly #settings: Settings
  readonly #key: DpopKey
  readonly #recorder: Recorder
  readonly #requests: TokenRequests
  readonly #store: SealedTokens | undefined
  readonly #entries: GenerationalMap<Entry>
  readonly #refusals = new GenerationalMap<Remembered>(refusalBounds)
  readonly #flights = new Map<string, Flight>()
  /** A hash of everything but the caller's token that an exchange depends on. */
  #identity: string | undefined

  constructor(settings: Settings, key: DpopKey) {
    const { store, cache } = settings
    this.#settings = settings
    this.#key = key
    this.#recorder = new Recorder(settings)
    this.#requests = new TokenRequests(settings, this.#recorder, key)
    this.#store = store && new SealedTokens(store, settings)
    // The map has two halves, and only the used part of the older one is kept.
    this.#entries = new GenerationalMap({ entries: Math.max(2, cache.entries), bytes: cache.bytes })
  }

  /**
   * @throws ConfigError if the token was not verified, or is from another issuer
   * @throws HopError if there is no token
   * @throws the reason of the signal if it aborts, unless it is a timeout
   */
  async token(subject: AccessToken, signal?: AbortSignal | null): Promise<ExchangedToken> {
    const { clock } = this.#settings
    const startedAt = clock.monotonic()
    this.#check(subject)
    const id = await this.#idOf(subject)
    if (signal?.aborted) return this.#finish(subject, startedAt, { failure: timeoutOf(signal) })
    const { claims } = subject
    if (claims.exp * 1000 <= clock.now()) {
      const reason = `the caller's token expired at ${subject.expiresAt.toISOString()}`
      return this.#finish(subject, startedAt, { failure: { code: 'token_expired', reason } })
    }
    if (this.#settings.isRevoked?.(subject)) {
      await this.forget(subject)
      const reason = "the caller's token was revoked"
      return this.#finish(subject, startedAt, { failure: { code: 'token_rejected', reason } })
    }
    const known = this.#lookUp(id)
    if (known) return this.#finish(subject, startedAt, known)
    const running = this.#flights.get(id)
    const flight = running ?? this.#start(id, subject)
    const outcome = await unlessAborted(flight.result, signal)
    return this.#finish(subject, startedAt, running ? { ...outcome, shared: true } : outcome)
  }

  /** A new token, because the next service refused this one. Another call may have replaced it already. */
  async replace(
    subject: AccessToken,
    refused: ExchangedToken,
    signal?: AbortSignal | null,
  ): Promise<ExchangedToken> {
    const id = await this.#idOf(subject)
    if (this.#entries.get(id)?.token === refused) this.#entries.delete(id)
    await this.#store?.delete(id)
    return this.token(subject, signal)
  }

  /** Forgets the tokens that were obtained in exchange for this one. */
  async forget(subject: AccessToken): Promise<void> {
    this.#check(subject)
    const id = await this.#idOf(subject)
    const flight = this.#flights.get(id)
    if (flight) flight.isForgotten = true
    this.#flights.delete(id)
    this.#entries.delete(id)
    this.#refusals.delete(id)
    await this.#store?.delete(id)
  }

  /** Fetches the metadata. @throws as `NextHop.warmUp` says */
  prepare(): Promise<void> {
    return this.#requests.prepare()
  }

  health(): HopHealth {
    const { failing } = this.#requests
    const cachedTokens = this.#entries.size
    return failing
      ? { ok: false, reason: failing.reason, cachedTokens }
      : { ok: true, cachedTokens }
  }

  /** Nothing that no verifier accepted is sent, not even to the token's own issuer. */
  #check(subject: AccessToken): void {
    if (!isAccessToken(subject)) {
      throw new ConfigError(
        `A hop needs a token that a verifier returned, got ${kindOf(subject)}.`,
        'Pass api.token(req), or the result of verifier.verify(). The text of a token is not accepted.',
      )
    }
    if (subject.issuer === this.#settings.issuer) return
    throw new ConfigError(
      `This hop exchanges tokens from '${this.#settings.issuer}', not from ${quote(subject.issuer)}.`,
      'Create a hop for each issuer, and choose it by token.issuer.',
    )
  }

  async #idOf(subject: AccessToken): Promise<string> {
    this.#identity ??= await this.#identify()
    return sha256(`${this.#identity}.${rawOf(subject)}`)
  }

  async #identify(): Promise<string> {
    const { issuer, tokenEndpoint, audience, resource, scope, client, actorToken, dialect } =
      this.#settings
    const { assertTo } = this.#settings
    const jkt = await this.#key.thumbprint()
    const parts = [
      ...[issuer, tokenEndpoint ?? null, audience, resource, scope, client.id],
      actorToken ? client.id : null,
      jkt ?? null,
      assertTo ? [assertTo.issuer, assertTo.tokenEndpoint ?? null, assertTo.client.id] : null,
      [dialect.grant, dialect.subjectTokenType ?? null, dialect.requestedTokenType ?? null],
    ]
    return sha256(JSON.stringify(parts))
  }

  /** What is known without a request: a token, or a refusal that would be the same again. */
  #lookUp(id: string): Outcome | undefined {
    const now = this.#settings.clock.monotonic()
    const entry = this.#entries.get(id)
    if (entry && entry.until > now) return { token: entry.token, cache: 'memory' }
    if (entry) this.#entries.delete(id)
    const refusal = this.#refusals.get(id)
    if (refusal && refusal.until > now) return { failure: refusal.failure }
    if (refusal) this.#refusals.delete(id)
    return undefined
  }

  #finish(subject: AccessToken, startedAt: number, outcome: Outcome): ExchangedToken {
    this.#recorder.record(subject, startedAt, outcome)
    const { token, failure } = outcome
    if (token) return token
    if (failure?.code === 'token_rejected') forgetVerification(subject)
    // Each call gets an error of its own.
    throw new HopError(failure!, subject.confirmation?.jkt === undefined ? 'Bearer' : 'DPoP')
  }

  #start(id: string, subject: AccessToken): Flight {
    const flight: Flight = {
      isForgotten: false,
      result: this.#obtain(id, subject, () => !flight.isForgotten),
    }
    this.#flights.set(id, flight)
    void flight.result.then(() => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id)
    })
    return flight
  }

  /** Never rejects, because calls that gave up do not wait for it. */
  async #obtain(id: string, subject: AccessToken, isWanted: () => boolean): Promise<Outcome> {
    const stored = await this.#store?.load(id)
    if (stored) {
      const token = createExchangedToken(stored)
      if (isWanted()) this.#keep(id, token, stored.until - this.#settings.clock.now())
      return { token, cache: 'store' }
    }
    const result = await this.#requests.exchange(subject)
    if ('code' in result) {
      if (result.isLasting) this.#remember(id, result)
      return { failure: result }
    }
    const { clock } = this.#settings
    const now = clock.now()
    const { value, scopes, expiresIn, anomalies } = result
    // An assertion was exchanged before, so it is never the result.
    const tokenType = result.tokenType === 'DPoP' ? 'DPoP' : 'Bearer'
    const expires = expiresIn === undefined ? undefined : now + expiresIn * 1000
    const token = createExchangedToken({ value, tokenType, scopes, expires })
    const lifetime = Math.min(
      (expires ?? 0) - margin - now,
      maxLifetime,
      subject.claims.exp * 1000 - now,
    )
    if (isWanted() && lifetime > 0) {
      this.#keep(id, token, lifetime)
      const sealed: StoredToken = { value, tokenType, scopes, expires, until: now + lifetime }
      void this.#store?.save(id, sealed)
    }
    return { token, anomalies }
  }

  #keep(id: string, token: ExchangedToken, lifetime: number): void {
    const until = this.#settings.clock.monotonic() + lifetime
    this.#entries.set(id, { token, until }, entryBytes + token.value.length)
  }

  #remember(id: string, failure: Failure): void {
    const until = this.#settings.clock.monotonic() + refusedFor
    this.#refusals.set(id, { failure, until }, entryBytes)
  }
}

/** Waits, but not after the signal aborts. The work continues for others. */
async function unlessAborted(
  work: Promise<Outcome>,
  signal?: AbortSignal | null,
): Promise<Outcome> {
  if (!signal) return work
  let stop = (): void => {}
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return (await Promise.race([work, aborted])) ?? { failure: timeoutOf(signal) }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * A timeout of the handler is an outage for its caller.
 *
 * @throws the reason of the signal if it is another one, such as that the client disconnected
 */
function timeoutOf({ reason }: AbortSignal): Failure {
  if (!(reason instanceof Error) || reason.name !== 'TimeoutError') throw reason
  return {
    code: 'server_unavailable',
    reason: 'the time that the handler allows ran out before a token was issued',
    cause: reason,
  }
}
