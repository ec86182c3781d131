import type { Policy } from './policy.ts'
import { ConfigError, type Refusal, refuse } from './refusal.ts'

/** How the user must have signed in. At least one of the two. */
export interface StepUp {
  /** Acceptable values of the claim `acr`. */
  readonly acr?: string | readonly string[]
  /** Seconds since the claim `auth_time`. */
  readonly maxAge?: number
}

type Token = { readonly claims: { readonly [name: string]: unknown } }

/** RFC 9470 sections 3 and 5: the challenge names what is asked for, so that the client can ask the user. */
export function stepUpRule(
  wanted: StepUp,
  { clock, clockTolerance }: Policy,
): (token: Token) => Refusal | undefined {
  const { acrValues, maxAge } = validated(wanted)
  const detail = { ...(acrValues && { acrValues }), ...(maxAge !== undefined && { maxAge }) }
  return ({ claims: { acr, auth_time: authTime } }) => {
    if (acrValues && !acrValues.some((value) => value === acr)) {
      return refuse(
        'authentication_insufficient',
        `acr is not one of ${acrValues.join(' ')}`,
        detail,
      )
    }
    if (maxAge === undefined) return undefined
    const age = typeof authTime === 'number' ? clock.now() / 1000 - authTime : Infinity
    if (age <= maxAge + clockTolerance) return undefined
    return refuse(
      'authentication_insufficient',
      `the sign-in (auth_time) is not known to be ${maxAge} s old or less`,
      detail,
    )
  }
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
      'requireStepUp got something else than acr (one or several) and maxAge (seconds).',
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

function isAge(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && value >= 0 && Number.isFinite(value))
}
