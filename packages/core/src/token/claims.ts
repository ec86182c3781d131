import { audienceClaims, audienceOf, type AudienceRule, checkAudience } from '../config/audience.ts'
import { hasAny, type JsonObject, own } from '../lib/json.ts'
import { readNames } from './claim-path.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { isScopeClaim } from '../options/scope.ts'
import { checkKind } from './token-kind.ts'

/** What a check may look at beside the claims. */
export interface ClaimContext {
  readonly policy: Policy
  readonly issuer: IssuerPolicy
  readonly audience: AudienceRule
  /** Seconds since the epoch. */
  readonly now: number
}

type Check = (claims: JsonObject, context: ClaimContext) => Refusal | undefined

/** The last second of the year 9999: larger numbers are milliseconds or mistakes. */
const maxNumericDate = 253_402_300_799

/**
 * Judges the claims of a token whose signature holds. The first refusal wins, so the order is what a
 * caller learns first: what kind of token, whether it is whole, whether it is current, for whom.
 */
export function checkClaims(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  return firstRefusal(checks, claims, context)
}

/** Judges anew what time and route can change of a token that passed `checkClaims` before. */
export function recheckClaims(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  return firstRefusal(changeable, claims, context)
}

function firstRefusal(
  wanted: readonly Check[],
  claims: JsonObject,
  context: ClaimContext,
): Refusal | undefined {
  for (const check of wanted) {
    const refusal = check(claims, context)
    if (refusal) return refusal
  }
  return undefined
}

/** Those whose answer depends on more than the token and the policy, in the same order. */
const changeable: readonly Check[] = [isCurrent, isShortLived, isForUs]

const checks: readonly Check[] = [
  isAccessToken,
  hasRequiredClaims,
  isWellFormed,
  isOfOneTenant,
  hasReadableNames,
  ...changeable,
  isPlainBearer,
]

function isAccessToken(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  return checkKind(claims, profile)
}

/** RFC 9068 section 2.2, without those that usual tokens lack; of a list, one. */
function requiredClaims(profile: Profile): readonly (string | readonly string[])[] {
  return ['iss', 'exp', audienceClaims(profile), 'sub', 'iat', ...profile.requiredClaims]
}

function hasRequiredClaims(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  for (const names of requiredBy(profile)) {
    if (hasAny(claims, names)) continue
    return refuse('claim_missing', `the token has no ${names.join(' and no ')}`)
  }
  return undefined
}

/** Of each list one must be there. Put together once for each profile, and not for each token. */
const required = new WeakMap<Profile, readonly (readonly string[])[]>()

function requiredBy(profile: Profile): readonly (readonly string[])[] {
  const known = required.get(profile)
  if (known) return known
  const lists = requiredClaims(profile).map((names) => [names].flat())
  required.set(profile, lists)
  return lists
}

/** A claim of the wrong type is not an absent claim. */
const shapes: readonly (readonly [name: string, is: (value: unknown) => boolean, what: string])[] =
  [
    ['sub', isNonEmptyString, 'a non-empty string'],
    ['aud', isAudience, 'a non-empty string or list of them'],
    ['exp', isNumericDate, 'a NumericDate'],
    ['iat', isNumericDate, 'a NumericDate'],
    ['nbf', isNumericDate, 'a NumericDate'],
    ['auth_time', isNumericDate, 'a NumericDate'],
    ['jti', isNonEmptyString, 'a non-empty string'],
    ['typ', isNonEmptyString, 'a non-empty string'],
    ['token_use', isNonEmptyString, 'a non-empty string'],
    ['client_id', isNonEmptyString, 'a non-empty string'],
    ['azp', isNonEmptyString, 'a non-empty string'],
    ['cid', isNonEmptyString, 'a non-empty string'],
    ['appid', isNonEmptyString, 'a non-empty string'],
    ['scope', isScopeClaim, 'a string or a list of strings'],
    ['scp', isScopeClaim, 'a string or a list of strings'],
    ['cnf', isObject, 'an object'],
  ]

function isWellFormed(claims: JsonObject): Refusal | undefined {
  for (const [name, is, what] of shapes) {
    if (!Object.hasOwn(claims, name) || is(claims[name])) continue
    return refuse('claim_malformed', `${name} is not ${what}`)
  }
  if ((own(claims, 'iat') as number) > (own(claims, 'exp') as number)) {
    return refuse('claim_malformed', 'iat is after exp')
  }
  return undefined
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * Entra writes the tenant into `iss` and again into `tid`, and signs for all tenants with the same
 * keys. Where the two are UUIDs and not the same one, the token is of no tenant.
 */
function isOfOneTenant(claims: JsonObject, { issuer }: ClaimContext): Refusal | undefined {
  const tid = own(claims, 'tid')
  if (typeof tid !== 'string' || !uuid.test(tid)) return undefined
  const tenants = issuer.issuer.split('/').filter((part) => uuid.test(part))
  if (tenants.length === 0 || tenants.some((tenant) => tenant.toLowerCase() === tid.toLowerCase()))
    return undefined
  return refuse('claim_malformed', 'tid names another tenant than iss')
}

/** Roles and permissions, where the profile says that there are any. */
function hasReadableNames(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  if (!profile.roles && !profile.permissions) return undefined
  const places = [...(profile.roles ?? []), ...(profile.permissions ?? [])]
  const wrong = places.find((place) => !readNames(claims, [place]))
  return (
    wrong &&
    refuse('claim_malformed', `${wrong.path.join('.')} is no ${wrong.format ?? 'list'} of names`)
  )
}

/** RFC 7519 sections 4.1.4 and 4.1.5. `iat` in the future is no reason: issuers' clocks run ahead. */
function isCurrent(claims: JsonObject, { policy, now }: ClaimContext): Refusal | undefined {
  const exp = own(claims, 'exp') as number
  const nbf = own(claims, 'nbf') as number | undefined
  if (now - policy.clockTolerance >= exp) {
    return refuse(
      'token_expired',
      `exp is ${round(now - exp)} s ago; the tolerance is ${policy.clockTolerance} s`,
    )
  }
  if (nbf !== undefined && now + policy.clockTolerance < nbf) {
    return refuse(
      'token_not_yet_valid',
      `nbf is in ${round(nbf - now)} s; the tolerance is ${policy.clockTolerance} s`,
    )
  }
  return undefined
}

/** Counted from `iat`, and from now, so that an `iat` in the future buys nothing. */
function isShortLived(claims: JsonObject, { policy, now }: ClaimContext): Refusal | undefined {
  if (policy.maxLifetime === undefined) return undefined
  const start = Math.min(own(claims, 'iat') as number, now + policy.clockTolerance)
  const lifetime = (own(claims, 'exp') as number) - start
  if (lifetime <= policy.maxLifetime) return undefined
  return refuse(
    'lifetime_too_long',
    `the token lives ${round(lifetime)} s; maxLifetime is ${policy.maxLifetime} s`,
  )
}

/** RFC 7519 section 4.1.3: one who is not named by `aud` must refuse. */
function isForUs(claims: JsonObject, { audience, issuer }: ClaimContext): Refusal | undefined {
  const found = audienceOf(claims, issuer.profile)
  if (!found.every(isNonEmptyString))
    return refuse('claim_malformed', 'the audience is not a non-empty string or list of them')
  return checkAudience(found, audience, issuer.profile)
}

/** RFC 9449 section 7.2 and RFC 7800: a bound token is no bearer token, whatever it is bound to. */
function isPlainBearer(claims: JsonObject): Refusal | undefined {
  if (!Object.hasOwn(claims, 'cnf')) return undefined
  return refuse(
    'binding_unsupported',
    'the token has cnf: it is bound to a key and was sent as a bearer token',
  )
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isAudience(value: unknown): boolean {
  return (
    isNonEmptyString(value) ||
    (Array.isArray(value) && value.length > 0 && value.every(isNonEmptyString))
  )
}

/** RFC 7519 section 2: seconds, fractions allowed. `1e400` parses to Infinity, which is none. */
function isNumericDate(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= maxNumericDate
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
