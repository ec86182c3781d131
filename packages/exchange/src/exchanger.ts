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
import { type Dialect, dialects, forAssertion, withoutIssuedType } from './dialects.ts'
import { assertionForm, exchangeForm, grantOf, jwtBearer } from './form.ts'
import { type Failure, HopError } from './hop-error.ts'
import { type Outcome, Recorder } from './recorder.ts'
import { readRefusal } from './refusal.ts'
import { type Issued, readIssued } from './response.ts'
import { SealedTokens, type StoredToken } from './sealed-store.ts'
import type { Settings } from './settings.ts'
import { failureOf, type TokenAnswer, TokenEndpoint } from './token-endpoint.ts'

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

/** One exchange: its cache key, the caller's token, and the failures before it. */
interface Attempt {
  readonly id: string
  readonly subject: AccessToken
  readonly failures: number
}

type Refusal = Extract<TokenAnswer, { ok: false }>

/** State for a health endpoint. */
export interface HopHealth {
  /** False from the moment that the server fails, or refuses this service, until it issues a token again. */
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
  /** The endpoint of the server that accepts identity assertions, if there is one. */
  readonly #assertion: TokenEndpoint | undefined
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
    const { assertTo } = settings
    this.#assertion = assertTo && new TokenEndpoint({ ...settings, ...assertTo })
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
    const { failing } = this.#backoff
    const cachedTokens = this.#entries.size
    return failing
      ? { ok: false, reason: failing.reason, cachedTokens }
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
    const { assertTo } = this.#settings
    const handle = await this.endpoint.dpop()
    const parts = [
      ...[issuer, tokenEndpoint ?? null, audience, resource, scope, client.id],
      actorToken ? client.id : null,
      handle ? await thumbprint(handle) : null,
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
    const result = await this.#backoff.run(() => this.#exchange(id, subject))
    if ('code' in result) return { failure: result }
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
    const actor = this.#settings.actorToken ? await this.#actors.get() : undefined
    if (typeof actor === 'object') return this.#failed(actor, failures)
    const attempt = { id, subject, failures }
    const assertion = this.#assertion
    if (!assertion) return this.#finishRequest(await this.#exchangeSubject(attempt, actor))
    const issued = await this.#exchangeSubject(attempt, actor)
    if ('code' in issued) return this.#finishRequest(issued)
    return this.#finishRequest(await this.#exchangeAssertion(attempt, assertion, issued.value))
  }

  /** RFC 8693, or RFC 7523 on behalf of the caller. With `assertTo`, the result is an identity assertion. */
  async #exchangeSubject(attempt: Attempt, actor: string | undefined): Promise<Issued | Failure> {
    const { assertTo, audience, resource, scope } = this.#settings
    const dialect = assertTo ? forAssertion(this.#settings.dialect) : this.#settings.dialect
    const target = { audience: assertTo ? [assertTo.issuer] : audience, resource, scope, dialect }
    const subjectToken = rawOf(attempt.subject)
    const bound = this.#settings.dpop !== false && !assertTo
    const form = exchangeForm(target, subjectToken, actor)
    const answer = await this.endpoint.request(grantOf(dialect), form, bound)
    if (!answer.ok) return this.#refused(attempt, answer, dialect)
    const tokenType = assertTo ? 'N_A' : bound ? 'DPoP' : 'Bearer'
    return readIssued(answer.body, { dialect, scope, tokenType, subjectToken })
  }

  /** Exchanges an identity assertion at the other authorization server. */
  async #exchangeAssertion(
    attempt: Attempt,
    endpoint: TokenEndpoint,
    assertion: string,
  ): Promise<Issued | Failure> {
    const { dpop, scope } = this.#settings
    const bound = dpop !== false
    const answer = await endpoint.request(jwtBearer, assertionForm(assertion, scope), bound)
    const dialect = withoutIssuedType(dialects.rfc8693)
    if (!answer.ok) return this.#refused(attempt, answer, dialect)
    const tokenType = bound ? 'DPoP' : 'Bearer'
    return readIssued(answer.body, { dialect, scope, tokenType, subjectToken: assertion })
  }

  /** Notes whether the server issued a token that passes the checks. Refusals are noted already. */
  #finishRequest(result: Issued | Failure): Issued | Failure {
    if (!('code' in result)) this.#worked()
    else if (result.code === 'response_invalid') this.#recorder.warn(result)
    return result
  }

  #hasWorked(): boolean {
    return this.#settings.clock.monotonic() - this.#workedAt < workedFor
  }

  #worked(): void {
    this.#backoff.recordSuccess()
    this.#workedAt = this.#settings.clock.monotonic()
    this.#recorder.recovered()
  }

  /** There was no usable response, or an actor token is not available. */
  #failed(failure: Failure, failures: number): Failure {
    if (failure.code === 'exchange_misconfigured') this.#backoff.recordMisconfiguration(failure)
    else this.#backoff.recordOutage(failure, failures)
    this.endpoint.reset()
    this.#assertion?.reset()
    this.#recorder.warn(failure)
    return failure
  }

  #refused({ id, subject, failures }: Attempt, answer: Refusal, dialect: Dialect): Failure {
    const isBound = subject.confirmation !== undefined
    const hasWorked = this.#hasWorked()
    const { failure, scope } = readRefusal(answer, { dialect, hasWorked, isBound })
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
