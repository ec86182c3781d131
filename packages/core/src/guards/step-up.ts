import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { ownMembers } from '../lib/json.ts'
import { quote, quoteList } from '../lib/quote.ts'

/**
 * How, and how recently, the user must have authenticated (RFC 9470). Give at least one member. If
 * both are given, both must be met. A token without the claim for a given member is refused.
 *
 * @example
 * ```ts
 * import type { StepUp } from '@resource-server/core'
 *
 * // Multi-factor authentication within the last five minutes.
 * export const recentMfa: StepUp = { acr: 'mfa', maxAge: 300 }
 * ```
 */
export interface StepUp {
  /**
   * The accepted values of the claim `acr`, the preferred one first. Values are compared exactly: none
   * counts as stronger than another, so list every value that is strong enough.
   *
   * An exchanged token may have a lower `acr` than the subject token, and the token of a service account may
   * have one even though no user is involved. Keycloak does both: it sets the lowest level. Put this guard on the
   * service that receives the user's own token.
   */
  readonly acr?: string | readonly string[]
  /**
   * The maximum time since the claim `auth_time`, in whole seconds. `clockTolerance` is added to it.
   */
  readonly maxAge?: number
}

type Token = { readonly claims: { readonly [name: string]: unknown } }

/**
 * The check of `requireStepUp`. The challenge names every requirement, not only the unmet one, so
 * that the client can send the user to the issuer once (RFC 9470 section 3). The claims are those of
 * RFC 9470 section 6.1.
 *
 * @throws ConfigError if the requirement is empty or invalid
 */
export function stepUpCheck(
  requirement: StepUp,
  { clock, clockTolerance }: Policy,
): (token: Token) => Refusal | undefined {
  const { acrValues, maxAge } = validated(requirement)
  const detail = { ...(acrValues && { acrValues }), ...(maxAge !== undefined && { maxAge }) }
  const refuseFor = (claim: string, problem: string): Refusal =>
    refuse('authentication_insufficient', problem, { ...detail, claim })
  return ({ claims: { acr, auth_time: authTime, iat } }) => {
    const wrongAcr = acrValues && acrProblem(acr, acrValues)
    if (wrongAcr !== undefined) return refuseFor('acr', wrongAcr)
    if (maxAge === undefined) return undefined
    const times = { iat, now: clock.now() / 1000, maxAge, clockTolerance }
    const wrongAge = ageProblem(authTime, times)
    return wrongAge === undefined ? undefined : refuseFor('auth_time', wrongAge)
  }
}

function acrProblem(acr: unknown, accepted: readonly string[]): string | undefined {
  if (accepted.some((value) => value === acr)) return undefined
  const expected = `expected one of ${quoteList(accepted)}`
  if (acr === undefined) return `the token has no acr, ${expected}`
  if (typeof acr !== 'string') return `acr is not a string, ${expected}`
  return `acr is ${quote(acr)}, ${expected}`
}

/** All in seconds. `iat` and `now` are counted from the epoch. */
interface Times {
  readonly iat: unknown
  readonly now: number
  readonly maxAge: number
  readonly clockTolerance: number
}

/**
 * An `auth_time` after `iat` is refused: it is in milliseconds, or wrong. A value far in the future
 * would otherwise count as recent forever.
 */
function ageProblem(
  authTime: unknown,
  { iat, now, maxAge, clockTolerance }: Times,
): string | undefined {
  if (typeof authTime !== 'number') return `the token has no auth_time; maxAge is ${maxAge} s`
  if (authTime > (iat as number) + clockTolerance) return 'auth_time is after iat'
  const age = Math.round(now - authTime)
  if (now - authTime <= maxAge + clockTolerance) return undefined
  return `the user authenticated ${age} s ago (auth_time); maxAge is ${maxAge} s`
}

function validated(requirement: unknown): {
  acrValues: readonly string[] | undefined
  maxAge: number | undefined
} {
  const given = ownMembers(requirement)
  const { acr, maxAge, ...unknown } = given
  const acrValues: unknown = typeof acr === 'string' ? [acr] : acr
  const values = Object.values(given)
  const incomplete = values.length === 0 || values.includes(undefined)
  if (incomplete || Object.keys(unknown).length > 0 || !isAcrList(acrValues) || !isAge(maxAge)) {
    throw new ConfigError(
      'requireStepUp needs acr (a value or a non-empty list), maxAge (whole seconds), or both.',
      "Write requireStepUp({ acr: 'mfa', maxAge: 300 }).",
    )
  }
  return { acrValues: acrValues && [...acrValues], maxAge }
}

function isAcrList(value: unknown): value is readonly string[] | undefined {
  if (value === undefined) return true
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((acr) => typeof acr === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(acr))
  )
}

/** Whether a value is a non-negative integer, as RFC 9470 section 3 requires of `max_age`. */
function isAge(value: unknown): value is number | undefined {
  return value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)
}
