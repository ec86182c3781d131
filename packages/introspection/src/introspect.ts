import type {
  Introspection,
  IntrospectionAnswer,
  IntrospectionContext,
  IntrospectionHealth,
  Introspector,
} from '@resource-server/core'
import { ConfigError } from '@resource-server/core'
import { FetchError, sha256 } from '@resource-server/core/client'
import { Backoff, type Failure } from '@resource-server/exchange/client-authentication'
import { AnswerCache } from './answer-cache.ts'
import {
  IntrospectionEndpoint,
  isMisconfiguration,
  type Received,
} from './introspection-endpoint.ts'
import {
  type IntrospectOptions,
  type IntrospectSettings,
  readIntrospectOptions,
} from './options.ts'

/**
 * Asks an issuer about its tokens. Pass the result as the issuer's `introspection` option. Opaque tokens are then
 * accepted like JWTs, with the same checks, guards, and records.
 *
 * An active answer is used for up to 30 seconds, so a token that is revoked in the meantime is still accepted for
 * that long. If the endpoint does not answer as it should, the response is 503, never 401.
 *
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { createVerifier } from '@resource-server/core'
 * import { introspect } from '@resource-server/introspection'
 *
 * export const verifierWith = (secret: string) =>
 *   createVerifier({
 *     issuer: 'https://as.example.com',
 *     audience: 'order-service',
 *     introspection: introspect({ client: { id: 'order-service', secret } }),
 *   })
 * ```
 */
export function introspect(options: IntrospectOptions): Introspection {
  const settings = readIntrospectOptions(options)
  const { prefix, jwts, missingAudience, signedResponses } = settings
  return Object.freeze({
    prefix,
    jwts,
    missingAudience,
    signedResponses,
    connect: (context: IntrospectionContext) => new CachingIntrospector(settings, context),
  })
}

/** Asks once about each token, however many requests wait for the answer. */
class CachingIntrospector implements Introspector {
  readonly #settings: IntrospectSettings
  readonly #context: IntrospectionContext
  readonly #endpoint: IntrospectionEndpoint
  readonly #cache: AnswerCache
  readonly #backoff: Backoff
  readonly #pending = new Map<string, Promise<IntrospectionAnswer>>()
  readonly #counts = { requests: 0, failures: 0 }
  #lastError: string | undefined

  constructor(settings: IntrospectSettings, context: IntrospectionContext) {
    this.#settings = settings
    this.#context = context
    this.#endpoint = new IntrospectionEndpoint(settings, context)
    this.#cache = new AnswerCache(settings, context.clock)
    this.#backoff = new Backoff(context.clock)
  }

  readonly introspect = (token: string): IntrospectionAnswer | Promise<IntrospectionAnswer> => {
    const id = sha256(JSON.stringify([this.#context.issuer, token]))
    return this.#cache.get(id) ?? this.#pending.get(id) ?? this.#start(id, token)
  }

  readonly health = (): IntrospectionHealth => {
    const { requests, failures } = this.#counts
    const state = this.#lastError !== undefined ? 'failing' : requests > 0 ? 'ok' : 'unknown'
    return {
      issuer: this.#context.issuer,
      state,
      requests,
      failures,
      cached: this.#cache.size,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    }
  }

  readonly close = (): void => this.#endpoint.close()

  #start(id: string, token: string): Promise<IntrospectionAnswer> | IntrospectionAnswer {
    if (this.#pending.size >= this.#settings.maxConcurrent) {
      return this.#withoutAnswer(id, 'too many requests are waiting for the endpoint', 1)
    }
    const answer = this.#ask(id, token).finally(() => this.#pending.delete(id))
    this.#pending.set(id, answer)
    return answer
  }

  /** Never rejects. */
  async #ask(id: string, token: string): Promise<IntrospectionAnswer> {
    const failuresBefore = this.#backoff.failures
    try {
      const received = await this.#backoff.run(() => this.#request(token))
      if ('code' in received) return this.#withoutAnswer(id, received.reason, received.retryAfter)
      this.#backoff.recordSuccess()
      this.#lastError = undefined
      this.#cache.keep(id, received.answer, received.bytes)
      return received.answer
    } catch (error) {
      const { reason, retryAfter } = this.#recordFailure(error, failuresBefore)
      return this.#withoutAnswer(id, reason, retryAfter)
    }
  }

  #request(token: string): Promise<Received> {
    this.#counts.requests += 1
    return this.#endpoint.ask(token)
  }

  #recordFailure(error: unknown, failuresBefore: number): Failure {
    this.#counts.failures += 1
    this.#endpoint.reset()
    const reason = `introspection at '${this.#context.issuer}' failed: ${describe(error)}`
    if (this.#lastError === undefined) this.#context.warn(`${reason}. Its tokens get 503.`)
    this.#lastError = reason
    const requested = error instanceof FetchError ? error.retryAfter : undefined
    const retryAfter = requested === undefined ? 1 : Math.min(600, Math.max(1, requested))
    const failure: Failure = { code: 'server_unavailable', reason, retryAfter }
    if (isMisconfiguration(error)) this.#backoff.recordMisconfiguration(failure)
    else this.#backoff.recordOutage({ ...failure, retryAfter: requested }, failuresBefore)
    return failure
  }

  /** An old answer if that is allowed. An outage is never an answer. */
  #withoutAnswer(id: string, reason: string, retryAfter: number | undefined): IntrospectionAnswer {
    const seconds = Math.ceil(Math.max(1, retryAfter ?? 1))
    return this.#cache.getStale(id) ?? { outcome: 'unavailable', reason, retryAfter: seconds }
  }
}

/** The messages of these errors contain neither a secret nor a token. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.problem
  return error instanceof FetchError ? `the server ${error.message}` : 'unexpected error'
}
