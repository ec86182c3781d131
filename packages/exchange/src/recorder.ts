import { type AccessToken, pseudonymize } from '@resource-server/core'
import {
  channel,
  type ExchangeAnomaly,
  type ExchangeRecord,
  identifyDecision,
  rawOf,
  readUnverifiedClaims,
  sha256,
} from '@resource-server/core/client'
import type { ExchangedToken } from './exchanged-token.ts'
import type { Failure } from './hop-error.ts'
import type { Settings } from './settings.ts'

const exchanges = channel('resource-server:exchange')

/** What happened in one call, for its record. */
export interface Outcome {
  readonly token?: ExchangedToken
  readonly failure?: Failure
  readonly cache?: ExchangeRecord['cache']
  readonly shared?: boolean
  readonly anomalies?: readonly ExchangeAnomaly[]
}

const maxTokenLength = 16_384

/** Publishes a record of each call, and warns the operator if every call fails. */
export class Recorder {
  readonly #settings: Settings
  readonly #target: readonly string[]
  #warnedOf: string | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    const { audience, resource } = settings
    this.#target = Object.freeze([...audience, ...resource])
  }

  hasListeners(): boolean {
    return exchanges.hasSubscribers || this.#settings.onExchange !== undefined
  }

  /** @param startedAt a reading of the monotonic clock */
  record(subject: AccessToken, startedAt: number, outcome: Outcome): void {
    if (!this.hasListeners()) return
    const record = Object.freeze(this.#build(subject, startedAt, outcome))
    exchanges.publish(record)
    void this.#notify(record)
  }

  /** Warns once about a problem that only the operator can solve, until an exchange succeeds. */
  warn({ code, reason }: Failure): void {
    if (this.#warnedOf === code) return
    this.#warnedOf = code
    const { issuer, scope, warn } = this.#settings
    const target = this.#target.join(', ') || scope.join(' ')
    warn(`Tokens from '${issuer}' cannot be exchanged for ${target}: ${reason}.`)
  }

  recovered(): void {
    this.#warnedOf = undefined
  }

  /** Errors of the user's function must not affect the call. */
  async #notify(record: ExchangeRecord): Promise<void> {
    try {
      await this.#settings.onExchange?.(record)
    } catch {
      this.#settings.warn('onExchange failed, so a record of a token exchange was lost.')
    }
  }

  #build(subject: AccessToken, startedAt: number, outcome: Outcome): ExchangeRecord {
    const { clock, client, issuer, scope, pseudonymKey } = this.#settings
    const { token, failure, cache, shared, anomalies = [] } = outcome
    const name = subject.subject
    return {
      version: 1,
      kind: 'exchange',
      time: new Date(clock.now()).toISOString(),
      outcome: outcomeOf(outcome),
      ...(failure && { code: failure.code, reason: failure.reason }),
      ...(failure?.error !== undefined && { error: failure.error }),
      decisionId: identifyDecision(subject),
      issuer,
      clientId: client.id,
      subject: pseudonymKey === undefined ? name : pseudonymize(pseudonymKey, name),
      target: this.#target,
      ...(scope.length > 0 && { requestedScopes: scope }),
      ...(token && { scopes: token.scopes }),
      ...(cache && { cache }),
      ...(shared && { shared: true }),
      durationMs: Math.round((clock.monotonic() - startedAt) * 1000) / 1000,
      ...subjectIdentityOf(subject),
      ...(token && newIdentityOf(token)),
      ...(token?.tokenType === 'DPoP' && { bound: true }),
      ...(anomalies.length > 0 && { anomalies }),
    }
  }
}

function outcomeOf({ failure, cache }: Outcome): ExchangeRecord['outcome'] {
  if (!failure) return cache ? 'cached' : 'exchanged'
  const isRefusal = /^(?:token_|authentication_|exchange_denied)/.test(failure.code)
  return isRefusal ? 'refused' : 'unavailable'
}

function subjectIdentityOf(
  subject: AccessToken,
): Pick<ExchangeRecord, 'subjectJti' | 'subjectTokenSha256'> {
  const { jti } = subject.claims
  return jti === undefined ? { subjectTokenSha256: sha256(rawOf(subject)) } : { subjectJti: jti }
}

/** The next service verifies the token. Here, its `jti` only links the records. */
function newIdentityOf({ value }: ExchangedToken): Pick<ExchangeRecord, 'jti' | 'tokenSha256'> {
  const jti = readUnverifiedClaims(value, maxTokenLength)?.['jti']
  const isPlain = typeof jti === 'string' && /^[\x21-\x7e]{1,256}$/.test(jti)
  return isPlain ? { jti } : { tokenSha256: sha256(value) }
}
