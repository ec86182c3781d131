import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

/** How the user must have signed in. At least one of the two. */
export interface StepUp {
  /** Acceptable values of the claim `acr`, the preferred one first. */
  readonly acr?: string | readonly string[]
  /** Whole seconds since the claim `auth_time`. */
  readonly maxAge?: number
}

type Token = { readonly claims: { readonly [name: string]: unknown } }

/**
 * RFC 9470 section 3: the challenge names all that is asked for, so that the client can ask the user
 * once. The claims are those of section 6.1; a token without them is as one of a sign-in too weak.
 */
export function stepUpRule(
  wanted: StepUp,
  { clock, clockTolerance }: Policy,
): (token: Token) => Refusal | undefined {
  const { acrValues, maxAge } = validated(wanted)
  const detail = { ...(acrValues && { acrValues }), ...(maxAge !== undefined && { maxAge }) }
  return ({ claims: { acr, auth_time: authTime, iat } }) => {
    const problem =
      (acrValues && acrProblem(acr, acrValues)) ??
      (maxAge === undefined
        ? undefined
        : ageProblem(authTime, { iat, now: clock.now() / 1000, maxAge, clockTolerance }))
    return problem === undefined
      ? undefined
      : refuse('authentication_insufficient', problem, detail)
  }
}

function acrProblem(acr: unknown, accepted: readonly string[]): string | undefined {
  if (accepted.some((value) => value === acr)) return undefined
  const wanted = `this route wants one of ${accepted.join(' ')}`
  if (acr === undefined) return `the token has no acr; ${wanted}`
  const found = typeof acr === 'string' ? JSON.stringify(acr.slice(0, 128)) : 'no string'
  return `acr is ${found}; ${wanted}`
}

interface Times {
  readonly iat: unknown
  readonly now: number
  readonly maxAge: number
  readonly clockTolerance: number
}

/** Nobody signs in after the token was issued: such a time is no seconds, or no sign-in. */
function ageProblem(
  authTime: unknown,
  { iat, now, maxAge, clockTolerance }: Times,
): string | undefined {
  if (typeof authTime !== 'number') {
    return `the token has no auth_time; this route wants a sign-in of the last ${maxAge} s`
  }
  if (authTime > (iat as number) + clockTolerance) return 'auth_time is after iat'
  const age = Math.round(now - authTime)
  if (now - authTime <= maxAge + clockTolerance) return undefined
  return `the sign-in (auth_time) is ${age} s old; this route wants ${maxAge} s or less`
}

function validated(wanted: unknown): {
  acrValues: readonly string[] | undefined
  maxAge: number | undefined
} {
  const { acr, maxAge, ...others } = (wanted ?? {}) as Record<string, unknown>
  const acrValues: unknown = typeof acr === 'string' ? [acr] : acr
  const values = Object.values(wanted ?? {})
  const nothing = values.length === 0 || values.includes(undefined)
  if (nothing || Object.keys(others).length > 0 || !isAcrList(acrValues) || !isAge(maxAge)) {
    throw new ConfigError(
      'requireStepUp got something else than acr (one or several) and maxAge (whole seconds).',
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

/** RFC 9470 section 3: a non-negative integer. */
function isAge(value: unknown): value is number | undefined {
  return value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)
}
