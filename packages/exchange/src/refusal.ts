import { type JsonObject, own, quote } from '@resource-server/core/client'
import type { Dialect } from './dialects.ts'
import type { Failure, HopCode } from './hop-error.ts'
import type { TokenAnswer } from './token-endpoint.ts'

/** What an error from the authorization server means. */
interface Meaning {
  readonly code: HopCode
  /**
   * How much of the hop the error affects: `client` for every token, `target` for every token unless an exchange
   * succeeded recently, `token` for the same token only.
   */
  readonly scope: 'client' | 'target' | 'token'
}

const byClient: Meaning = { code: 'exchange_misconfigured', scope: 'client' }
const byTarget: Meaning = { code: 'exchange_misconfigured', scope: 'target' }
const denied: Meaning = { code: 'exchange_denied', scope: 'token' }
const rejected: Meaning = { code: 'token_rejected', scope: 'token' }
const stepUp: Meaning = { code: 'authentication_insufficient', scope: 'token' }
const outage: Meaning = { code: 'server_unavailable', scope: 'client' }

/** RFC 6749 section 5.2, RFC 8693 section 2.2.2, RFC 8707 section 2, RFC 9470 section 3, OpenID Connect Core 3.1.2.6. */
const meanings: Readonly<Record<string, Meaning>> = {
  invalid_client: byClient,
  unauthorized_client: byClient,
  unsupported_grant_type: byTarget,
  invalid_target: byTarget,
  invalid_dpop_proof: byTarget,
  use_dpop_nonce: byTarget,
  invalid_scope: denied,
  access_denied: denied,
  invalid_grant: rejected,
  interaction_required: stepUp,
  insufficient_user_authentication: stepUp,
  login_required: stepUp,
  consent_required: stepUp,
  server_error: outage,
  temporarily_unavailable: outage,
}

/** A refusal of the authorization server. */
export interface ServerRefusal {
  readonly failure: Failure
  readonly scope: Meaning['scope']
}

interface Circumstances {
  readonly dialect: Dialect
  /** Whether an exchange with the same configuration succeeded recently. */
  readonly hasWorked: boolean
  /** Whether the caller's token is bound to a key of the caller. */
  readonly isBound: boolean
}

/** Turns an error of the token endpoint into what the caller and the operator get. */
export function readRefusal(
  answer: Extract<TokenAnswer, { ok: false }>,
  circumstances: Circumstances,
): ServerRefusal {
  const { status, error, description, body, retryAfter } = answer
  const { code, scope } = meaningOf(status, error, circumstances)
  const said = description === undefined ? '' : `: ${quote(description)}`
  const advice = adviceFor(error, circumstances)
  const reason = `the authorization server refused the exchange with ${quote(error)} (status ${status})${said}${advice}`
  return {
    scope,
    failure: {
      code,
      reason,
      error: printableError(error),
      retryAfter: retryAfter ?? (code === 'exchange_misconfigured' ? 5 : undefined),
      challenge: code === 'authentication_insufficient' ? challengeOf(body) : undefined,
    },
  }
}

function meaningOf(status: number, error: string, { hasWorked, isBound }: Circumstances): Meaning {
  if (status === 429 || status >= 500) return outage
  if (error === 'invalid_request') {
    // The request has the same form for every caller. If it worked, the caller's token is at fault.
    return hasWorked && !isBound ? rejected : { ...byTarget, scope: 'token' }
  }
  if (Object.hasOwn(meanings, error)) return meanings[error]!
  return { code: 'response_invalid', scope: 'token' }
}

function adviceFor(error: string, { dialect, isBound }: Circumstances): string {
  if (error === 'invalid_request' && isBound) {
    return ". The caller's token is bound to a key of the caller (cnf), and many servers do not exchange such a token for another client"
  }
  const hint = Object.hasOwn(dialect.hints, error) ? dialect.hints[error] : undefined
  return hint === undefined ? '' : `. ${hint}`
}

/** A value from the server is a label of a metric later, so only the form of an error code is kept. */
function printableError(error: string): string | undefined {
  return /^[a-z_]{1,64}$/.test(error) ? error : undefined
}

/** RFC 9470 section 3, and the claims challenge of Entra, encoded as its clients expect. */
function challengeOf(body: JsonObject): Record<string, string> {
  const acrValues = own(body, 'acr_values')
  const maxAge = own(body, 'max_age')
  const claims = own(body, 'claims')
  const isAge = Number.isSafeInteger(Number(maxAge)) && /^\d{1,10}$/.test(String(maxAge))
  return {
    ...(typeof acrValues === 'string' && /^[\x21\x23-\x5b\x5d-\x7e ]{1,256}$/.test(acrValues)
      ? { acr_values: acrValues }
      : {}),
    ...(isAge && { max_age: String(maxAge) }),
    ...(isClaims(claims) && { claims: base64(claims) }),
  }
}

function isClaims(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 2048) return false
  try {
    return typeof JSON.parse(value) === 'object'
  } catch {
    return false
  }
}

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)))
}
