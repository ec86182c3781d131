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
import type { DPoPHandle } from 'oauth4webapi'
import { ActorTokens } from './actor-tokens.ts'
import { Backoff } from './backoff.ts'
import { createExchangedToken, type ExchangedToken } from './exchanged-token.ts'
import { exchangeForm, grantOf } from './form.ts'
import { type Failure, HopError } from './hop-error.ts'
import { type Outcome, Recorder } from './recorder.ts'
import { readRefusal, type ServerRefusal } from './refusal.ts'
import { type Issued, readIssued } from './response.ts'
import { SealedTokens, type StoredToken } from './sealed-store.ts'
import type { Settings } from './settings.ts'
import { failureOf, TokenEndpoint } from './token-endpoint.ts'

// All times are in milliseconds.

/** A token is not used for this long before it expires, so that it is still valid when it arrives. */
const margin = 30_000
const maxLifetime = 3_600_000
/** How long a refusal is remembered that the same request would get again. */
const refusedFor = 5_000
/** How long after a success an `invalid_request` is the fault of the caller's token. */
const workedFor = 600_000
/** What an entry takes in memory in addition to the text of its token: decisions/108. */
const entryBytes = 700
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
  /** False if every exchange fails at the moment: the server is down, or this service is configured wrongly. */
  readonly ok: boolean
  /** Why, for the operator. Absent if `ok`. */
  readonly reason?: string
  /** The number of tokens in memory. */
  readonly cachedTokens: number
}

/** Exchanges tokens of callers: checks, caches, and shares the requests. */
export class Exchanger {
  readonly endpoint: TokenEndpoint
  readonly #settings: Settings
  readonly #recorder: Recorder
  readonly #actors: ActorTokens
  readonly #backoff: Backoff
  readonly #store: SealedTokens | undefined
  readonly #entries: GenerationalMap<Entry>
  readonly #refusals = new GenerationalMap<Remembered>(refusalBounds)
  readonly #flights = new Map<string, Flight>()
  /** A hash of everything but the caller's token that an exchange depends on. */
  #identity: string | undefined
  #workedAt = -Infinity

  constructor(settings: Settings) {
    const { clock, store, cache } = settings
    this.#settings = settings
    this.endpoint = new TokenEndpoint(settings)
    this.#recorder = new Recorder(settings)
    this.#actors = new ActorTokens(settings, this.endpoint)
    this.#backoff = new Backoff(clock)
    this.#store = store && new SealedTokens(store, settings)
    // The map has two halves, and only the used part of the older one is kept.
    this.#entries = new GenerationalMap({ entries: Math.max(2, cache.entries), bytes: cache.bytes })
  }

  /**
   * @throws ConfigError if the token was not verified, or is from another issuer
   * @throws HopError if there is no token
   * @throws the reason of the signal if it aborts
   */
  async token(subject: AccessToken, signal?: AbortSignal | null): Promise<ExchangedToken> {
    const { clock } = this.#settings
    const startedAt = clock.monotonic()
    this.#check(subject)
    signal?.throwIfAborted()
    const id = await this.#idOf(subject)
    signal?.throwIfAborted()
    const { claims } = subject
    if (claims.exp * 1000 <= clock.now()) {
      const reason = `the token of the caller expired at ${subject.expiresAt.toISOString()}`
      return this.#finish(subject, startedAt, { failure: { code: 'token_expired', reason } })
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

  /** Forgets the tokens that were exchanged for this one. */
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

  health(): HopHealth {
    const { blocked } = this.#backoff
    const cachedTokens = this.#entries.size
    return blocked
      ? { ok: false, reason: blocked.reason, cachedTokens }
      : { ok: true, cachedTokens }
  }

  /** Not even to the own issuer is anything sent that no verifier accepted. */
  #check(subject: AccessToken): void {
    if (!isAccessToken(subject)) {
      throw new ConfigError(
        `A hop needs a token that a verifier returned, got ${kindOf(subject)}.`,
        'Pass api.token(req), or the result of verifier.verify(). The text of a token is not accepted.',
      )
    }
    if (subject.issuer === this.#settings.issuer) return
    throw new ConfigError(
      `This hop exchanges tokens of '${this.#settings.issuer}', not of ${quote(subject.issuer)}.`,
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
    const handle = await this.endpoint.dpop()
    const parts = [
      ...[issuer, tokenEndpoint ?? null, audience, resource, scope, client.id],
      actorToken ? client.id : null,
      handle ? await thumbprint(handle) : null,
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
      this.#keep(id, token, stored.until - this.#settings.clock.now())
      return { token, cache: 'store' }
    }
    const result = await this.#backoff.run(() => this.#exchange(id, subject))
    if ('code' in result) return { failure: result }
    const { clock } = this.#settings
    const now = clock.now()
    const { expiresIn, anomalies } = result
    const expires = expiresIn === undefined ? undefined : now + expiresIn * 1000
    const token = createExchangedToken({ ...result, expires })
    const lifetime = Math.min(
      (expires ?? 0) - margin - now,
      maxLifetime,
      subject.claims.exp * 1000 - now,
    )
    if (isWanted() && lifetime > 0) {
      this.#keep(id, token, lifetime)
      const { value, tokenType, scopes } = result
      const sealed: StoredToken = { value, tokenType, scopes, expires, until: now + lifetime }
      void this.#store?.save(id, sealed)
    }
    return { token, anomalies }
  }

  #keep(id: string, token: ExchangedToken, lifetime: number): void {
    const until = this.#settings.clock.monotonic() + lifetime
    this.#entries.set(id, { token, until }, entryBytes + token.value.length)
  }

  async #exchange(id: string, subject: AccessToken): Promise<Issued | Failure> {
    const { failures } = this.#backoff
    try {
      return await this.#request(id, subject, failures)
    } catch (error) {
      return this.#failed(failureOf(error, 'the token exchange failed'), failures)
    }
  }

  /** @param failures the failures before this request */
  async #request(id: string, subject: AccessToken, failures: number): Promise<Issued | Failure> {
    const { dialect, scope, dpop } = this.#settings
    const actor = this.#settings.actorToken ? await this.#actors.get() : undefined
    if (typeof actor === 'object') return this.#failed(actor, failures)
    const subjectToken = rawOf(subject)
    const bound = dpop !== false
    const form = exchangeForm(this.#settings, subjectToken, actor)
    const answer = await this.endpoint.request(grantOf(dialect), form, bound)
    if (!answer.ok) {
      const isBound = subject.confirmation !== undefined
      const hasWorked = this.#hasWorked()
      return this.#refused(id, readRefusal(answer, { dialect, hasWorked, isBound }), failures)
    }
    this.#backoff.recordSuccess()
    const issued = readIssued(answer.body, { dialect, scope, bound, subjectToken })
    if ('code' in issued) this.#recorder.warn(issued)
    else this.#worked()
    return issued
  }

  #hasWorked(): boolean {
    return this.#settings.clock.monotonic() - this.#workedAt < workedFor
  }

  #worked(): void {
    this.#workedAt = this.#settings.clock.monotonic()
    this.#recorder.recovered()
  }

  /** There was no usable response, or an actor token is not available. */
  #failed(failure: Failure, failures: number): Failure {
    if (failure.code === 'exchange_misconfigured') this.#backoff.recordMisconfiguration(failure)
    else this.#backoff.recordOutage(failure, failures)
    this.endpoint.reset()
    this.#recorder.warn(failure)
    return failure
  }

  #refused(id: string, { failure, scope }: ServerRefusal, failures: number): Failure {
    this.#actors.reset()
    if (failure.code === 'server_unavailable') return this.#failed(failure, failures)
    this.#backoff.recordSuccess()
    if (failure.code === 'exchange_misconfigured') this.#recorder.warn(failure)
    // One caller's token must not block all others if they still work.
    const isForAll = scope === 'client' || (scope === 'target' && !this.#hasWorked())
    if (isForAll) this.#backoff.recordMisconfiguration(failure)
    else if (failure.code !== 'response_invalid') this.#remember(id, failure)
    return failure
  }

  #remember(id: string, failure: Failure): void {
    const until = this.#settings.clock.monotonic() + refusedFor
    this.#refusals.set(id, { failure, until }, entryBytes)
  }
}

async function thumbprint(handle: DPoPHandle): Promise<string> {
  return handle.calculateThumbprint()
}

/** Waits, but not after the signal aborts. The work continues for others. */
async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  if (!signal) return work
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
