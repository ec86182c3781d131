import { withoutIssuedType } from './dialects.ts'
import type { Failure } from './hop-error.ts'
import { readRefusal } from './refusal.ts'
import { readIssued } from './response.ts'
import type { Settings } from './settings.ts'
import { failureOf, type TokenEndpoint } from './token-endpoint.ts'

interface ActorToken {
  readonly value: string
  /** A reading of the monotonic clock. */
  readonly until: number
}

/** A token is renewed this long before it expires, in seconds. */
const margin = 30

/** The token of this service itself (client credentials, RFC 6749 section 4.4), renewed when it is needed. */
export class ActorTokens {
  readonly #settings: Settings
  readonly #endpoint: TokenEndpoint
  #current: ActorToken | undefined
  #request: Promise<ActorToken | Failure> | undefined

  constructor(settings: Settings, endpoint: TokenEndpoint) {
    this.#settings = settings
    this.#endpoint = endpoint
  }

  async get(): Promise<string | Failure> {
    const { clock } = this.#settings
    if (this.#current && this.#current.until > clock.monotonic()) return this.#current.value
    const result = await (this.#request ??= this.#renew())
    return 'code' in result ? result : result.value
  }

  /** Makes the next exchange request a new token. For use after a refusal, which may be due to the old one. */
  reset(): void {
    this.#current = undefined
  }

  async #renew(): Promise<ActorToken | Failure> {
    try {
      const result = await this.#obtain()
      if (!('code' in result)) this.#current = result
      return result
    } catch (error) {
      return failureOf(error, 'requesting the actor token failed')
    } finally {
      this.#request = undefined
    }
  }

  async #obtain(): Promise<ActorToken | Failure> {
    const { clock, dialect } = this.#settings
    const answer = await this.#endpoint.request('client_credentials', [], false)
    if (!answer.ok) {
      const { failure } = readRefusal(answer, { dialect, hasWorked: false, isBound: false })
      return { ...asOurs(failure), reason: `requesting the actor token failed: ${failure.reason}` }
    }
    const issued = readIssued(answer.body, {
      ...{ dialect: withoutIssuedType(dialect), scope: [], tokenType: 'Bearer', subjectToken: '' },
    })
    if ('code' in issued) return { ...issued, reason: `the actor token: ${issued.reason}` }
    const seconds = Math.max(0, (issued.expiresIn ?? 0) - margin)
    return { value: issued.value, until: clock.monotonic() + seconds * 1000 }
  }
}

/** The caller has nothing to do with this service's own token. */
function asOurs(failure: Failure): Failure {
  if (failure.code === 'server_unavailable') return failure
  return { ...failure, code: 'exchange_misconfigured', challenge: undefined, retryAfter: 5 }
}
