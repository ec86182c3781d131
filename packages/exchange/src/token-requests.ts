import type { AccessToken } from '@resource-server/core'
import { rawOf } from '@resource-server/core/client'
import { ActorTokens } from './actor-tokens.ts'
import { Backoff } from './backoff.ts'
import { type Dialect, dialects, forAssertion, withoutIssuedType } from './dialects.ts'
import type { DpopKey } from './dpop-key.ts'
import { assertionForm, exchangeForm, grantOf, jwtBearer } from './form.ts'
import type { Failure } from './hop-error.ts'
import type { Recorder } from './recorder.ts'
import { readRefusal } from './refusal.ts'
import { type Issued, readIssued } from './response.ts'
import type { Settings } from './settings.ts'
import { failureOf, type TokenAnswer, TokenEndpoint } from './token-endpoint.ts'

/** How long after a success an `invalid_request` is the fault of the caller's token, in milliseconds. */
const workedFor = 600_000

/** There is no token. */
export interface Refused extends Failure {
  /** Whether the same request would get the same answer for a while. */
  readonly isLasting?: boolean
}

/** One exchange: the caller's token, and the failures before it. */
interface Attempt {
  readonly subject: AccessToken
  readonly failures: number
}

type Refusal = Extract<TokenAnswer, { ok: false }>

/** Requests new tokens from the authorization server, and remembers how it fares. */
export class TokenRequests {
  readonly #settings: Settings
  readonly #recorder: Recorder
  readonly #endpoint: TokenEndpoint
  readonly #actors: ActorTokens
  /** The endpoint of the server that accepts identity assertions, if there is one. */
  readonly #assertion: TokenEndpoint | undefined
  readonly #backoff: Backoff
  #workedAt = -Infinity

  constructor(settings: Settings, recorder: Recorder, key: DpopKey) {
    const { assertTo } = settings
    this.#settings = settings
    this.#recorder = recorder
    this.#endpoint = new TokenEndpoint(settings, key)
    this.#actors = new ActorTokens(settings, this.#endpoint)
    this.#assertion = assertTo && new TokenEndpoint({ ...settings, ...assertTo }, key)
    this.#backoff = new Backoff(settings.clock)
  }

  /** The last failure that concerned every token, until an exchange succeeds. */
  get failing(): Failure | undefined {
    return this.#backoff.failing
  }

  /** Fetches the metadata. */
  async prepare(): Promise<void> {
    await Promise.all([this.#endpoint.prepare(), this.#assertion?.prepare()])
  }

  /** Exchanges the token of a caller, unless requests are blocked at the moment. Never rejects. */
  exchange(subject: AccessToken): Promise<Issued | Refused> {
    return this.#backoff.run(() => this.#attempt(subject))
  }

  async #attempt(subject: AccessToken): Promise<Issued | Refused> {
    const { failures } = this.#backoff
    try {
      return await this.#request({ subject, failures })
    } catch (error) {
      return this.#failed(failureOf(error, 'the token exchange failed'), failures)
    }
  }

  async #request(attempt: Attempt): Promise<Issued | Refused> {
    const actor = this.#settings.actorToken ? await this.#actors.get() : undefined
    if (typeof actor === 'object') return this.#failed(actor, attempt.failures)
    const assertion = this.#assertion
    if (!assertion) return this.#finishRequest(await this.#exchangeSubject(attempt, actor))
    const issued = await this.#exchangeSubject(attempt, actor)
    if ('code' in issued) return this.#finishRequest(issued)
    return this.#finishRequest(await this.#exchangeAssertion(attempt, assertion, issued.value))
  }

  /** RFC 8693, or RFC 7523 on behalf of the caller. With `assertTo`, the result is an identity assertion. */
  async #exchangeSubject(attempt: Attempt, actor: string | undefined): Promise<Issued | Refused> {
    const { assertTo, audience, resource, scope } = this.#settings
    const dialect = assertTo ? forAssertion(this.#settings.dialect) : this.#settings.dialect
    const target = { audience: assertTo ? [assertTo.issuer] : audience, resource, scope, dialect }
    const subjectToken = rawOf(attempt.subject)
    const bound = this.#settings.dpop !== false && !assertTo
    const form = exchangeForm(target, subjectToken, actor)
    const answer = await this.#endpoint.request(grantOf(dialect), form, bound)
    if (!answer.ok) return this.#refused(attempt, answer, dialect)
    const tokenType = assertTo ? 'N_A' : bound ? 'DPoP' : 'Bearer'
    return readIssued(answer.body, { dialect, scope, tokenType, subjectToken })
  }

  /** Exchanges an identity assertion at the other authorization server. */
  async #exchangeAssertion(
    attempt: Attempt,
    endpoint: TokenEndpoint,
    assertion: string,
  ): Promise<Issued | Refused> {
    const { dpop, scope } = this.#settings
    const bound = dpop !== false
    const answer = await endpoint.request(jwtBearer, assertionForm(assertion, scope), bound)
    const dialect = withoutIssuedType(dialects.rfc8693)
    if (!answer.ok) return this.#refused(attempt, answer, dialect)
    const tokenType = bound ? 'DPoP' : 'Bearer'
    return readIssued(answer.body, { dialect, scope, tokenType, subjectToken: assertion })
  }

  /** Notes whether the server issued a token that passes the checks. Refusals are noted already. */
  #finishRequest(result: Issued | Refused): Issued | Refused {
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
    this.#endpoint.reset()
    this.#assertion?.reset()
    this.#recorder.warn(failure)
    return failure
  }

  #refused({ subject, failures }: Attempt, answer: Refusal, dialect: Dialect): Refused {
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
    return { ...failure, isLasting: !isForAll && failure.code !== 'response_invalid' }
  }
}
