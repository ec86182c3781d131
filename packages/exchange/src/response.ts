import { type ExchangeAnomaly, type JsonObject, own, quote } from '@resource-server/core/client'
import type { Dialect } from './dialects.ts'
import type { Failure } from './hop-error.ts'

/** `N_A`: not an access token, but for example an assertion (RFC 8693 section 2.2.1). */
type TokenType = 'Bearer' | 'DPoP' | 'N_A'

/** A token that the authorization server issued, after the checks of its response. */
export interface Issued {
  readonly value: string
  readonly tokenType: TokenType
  /** Seconds. `undefined` if the server did not say it, or said something other than a positive number. */
  readonly expiresIn: number | undefined
  readonly scopes: readonly string[]
  readonly anomalies: readonly ExchangeAnomaly[]
}

/** What was requested. */
export interface Requested {
  readonly dialect: Dialect
  readonly scope: readonly string[]
  readonly tokenType: TokenType
  /** The token of the caller, which must not come back. */
  readonly subjectToken: string
}

/** The size of a token: servers limit the size of all headers to 8 or 16 KiB. */
const maxTokenLength = 16_384

/**
 * Checks a response with status 200: RFC 8693 section 2.2.1, RFC 6749 section 5.1, RFC 9449 section 5. The token
 * itself is for the next service, which verifies it.
 */
export function readIssued(body: JsonObject, requested: Requested): Issued | Failure {
  const value = own(body, 'access_token')
  const tokenType = tokenTypeOf(own(body, 'token_type'))
  const problem =
    tokenProblem(value, requested) ??
    issuedTypeProblem(own(body, 'issued_token_type'), requested) ??
    tokenTypeProblem(own(body, 'token_type'), tokenType, requested)
  const granted = problem === undefined ? grantedScopes(own(body, 'scope'), requested) : []
  if (problem !== undefined) return invalid(problem)
  if (typeof granted === 'string') return invalid(granted)
  const expiresIn = secondsOf(own(body, 'expires_in'))
  const isNarrower = requested.scope.some((scope) => !granted.includes(scope))
  const anomalies: ExchangeAnomaly[] = [
    ...(isNarrower ? (['scope_narrower'] as const) : []),
    ...(Number.isNaN(expiresIn) ? (['lifetime_malformed'] as const) : []),
  ]
  return {
    value: value as string,
    tokenType: tokenType!,
    expiresIn: Number.isNaN(expiresIn) ? undefined : expiresIn,
    scopes: granted,
    anomalies,
  }
}

function invalid(problem: string): Failure {
  return {
    code: 'response_invalid',
    reason: `the response of the authorization server failed a check: ${problem}`,
  }
}

function tokenProblem(value: unknown, { subjectToken }: Requested): string | undefined {
  if (typeof value !== 'string') return 'access_token is not a string'
  // RFC 6749 appendix A.12: visible characters, so that it cannot end a header.
  if (!/^[\x21-\x7e]+$/.test(value)) return 'access_token has characters that a token cannot have'
  if (value.length > maxTokenLength)
    return `access_token has more than ${maxTokenLength} characters`
  if (value === subjectToken) return "access_token is the caller's token, which is not passed on"
  return undefined
}

function issuedTypeProblem(type: unknown, { dialect }: Requested): string | undefined {
  if (dialect.issuedTokenTypes.some((accepted) => accepted === type)) return undefined
  return `issued_token_type is ${shown(type)}, not one of ${dialect.issuedTokenTypes.join(', ')}`
}

function tokenTypeProblem(
  given: unknown,
  type: TokenType | undefined,
  { tokenType: expected }: Requested,
): string | undefined {
  return type === expected ? undefined : `token_type is ${shown(given)}, not ${expected}`
}

const tokenTypes: readonly TokenType[] = ['Bearer', 'DPoP', 'N_A']

function tokenTypeOf(type: unknown): TokenType | undefined {
  if (typeof type !== 'string') return undefined
  return tokenTypes.find((known) => known.toLowerCase() === type.toLowerCase())
}

/** The granted scopes, or a problem. Without `scope`, they are those that were requested. */
function grantedScopes(given: unknown, requested: Requested): readonly string[] | string {
  if (given === undefined) return requested.scope
  const scopes = Array.isArray(given) ? given : scopesIn(given)
  if (!scopes?.every((scope) => typeof scope === 'string')) return `scope is ${shown(given)}`
  const wider = requested.scope.length > 0 && scopes.find((scope) => !isRequested(scope, requested))
  if (typeof wider === 'string') return `scope contains ${quote(wider)}, which was not requested`
  return scopes
}

function scopesIn(given: unknown): readonly string[] | undefined {
  return typeof given === 'string' ? given.split(' ').filter((scope) => scope !== '') : undefined
}

/** `api://stock/.default` requests all scopes of the resource (Entra). */
function isRequested(scope: string, { scope: requested, dialect }: Requested): boolean {
  if (requested.includes(scope) || dialect.ambientScopes.includes(scope)) return true
  const defaults = '/.default'
  return requested.some(
    (each) => each.endsWith(defaults) && scope.startsWith(each.slice(0, 1 - defaults.length)),
  )
}

/** Some servers send a decimal string. NaN for anything that is not a positive number. */
function secondsOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  const isPositive = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0
  return isPositive ? seconds : NaN
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  return value === undefined
    ? 'absent'
    : `a value of type ${value === null ? 'null' : typeof value}`
}
