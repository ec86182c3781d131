import { audienceClaims, audienceOf, type AudienceRule, checkAudience } from '../config/audience.ts'
import { hasAny, type JsonObject, own } from '../lib/json.ts'
import { readNames } from './claim-path.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import { readConfirmation } from './confirmation.ts'
import { isScopeClaim } from '../options/scope.ts'
import { checkKind } from './token-kind.ts'

/** What a check needs in addition to the claims. */
export interface ClaimContext {
  readonly policy: Policy
  readonly issuer: IssuerPolicy
  readonly audience: AudienceRule
  /** The current time, in seconds since the epoch. */
  readonly now: number
}

type Check = (claims: JsonObject, context: ClaimContext) => Refusal | undefined

/** The last second of the year 9999. A larger number is in milliseconds, or a mistake. */
const maxNumericDate = 253_402_300_799

/**
 * Checks the claims of a token whose signature is valid, and returns the first refusal. The order
 * decides which problem is reported: the kind of token, its claims, its times, then its audience.
 */
export function checkClaims(
  claims: JsonObject,
  context: ClaimContext,
  checks: readonly Check[] = allChecks,
): Refusal | undefined {
  for (const check of checks) {
    const refusal = check(claims, context)
    if (refusal) return refusal
  }
  return undefined
}

/**
 * Checks a token that passed `checkClaims` before, such as one from the cache. Only the checks that
 * depend on the current time or on the route run again.
 */
export function recheckClaims(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  return checkClaims(claims, context, repeatedChecks)
}

/** The checks whose result can change for the same token and policy. */
const repeatedChecks: readonly Check[] = [isCurrent, isWithinMaxLifetime, hasExpectedAudience]

const allChecks: readonly Check[] = [
  isAccessToken,
  hasRequiredClaims,
  isWellFormed,
  hasMatchingTenant,
  hasWellFormedRoles,
  ...repeatedChecks,
  hasCheckableBinding,
]

function isAccessToken(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  return checkKind(claims, profile)
}

/**
 * The claims that RFC 9068 section 2.2 requires, except `client_id` and `jti`, which many issuers
 * omit. One claim of each inner list is enough.
 */
function requiredClaims(profile: Profile): readonly (string | readonly string[])[] {
  return ['iss', 'exp', audienceClaims(profile), 'sub', 'iat', ...profile.requiredClaims]
}

function hasRequiredClaims(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  for (const names of requiredBy(profile)) {
    if (hasAny(claims, names)) continue
    return refuse('claim_missing', `the token has no ${names.join(' or ')}`)
  }
  return undefined
}

/** The result of `requiredClaims` by profile, so that it is not built again for every token. */
const required = new WeakMap<Profile, readonly (readonly string[])[]>()

function requiredBy(profile: Profile): readonly (readonly string[])[] {
  const known = required.get(profile)
  if (known) return known
  const lists = requiredClaims(profile).map((names) => [names].flat())
  required.set(profile, lists)
  return lists
}

/** A claim of the wrong type is refused. It does not count as an absent claim. */
const shapes: readonly (readonly [name: string, is: (value: unknown) => boolean, what: string])[] =
  [
    ['sub', isNonEmptyString, 'a non-empty string'],
    ['aud', isAudience, 'a non-empty string or a list of non-empty strings'],
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
 * Refuses a token whose `tid` and `iss` contain the UUIDs of different tenants. Microsoft Entra ID
 * signs for all tenants with the same keys, so the signature does not prove the tenant.
 *
 * The check is in code because it applies to every profile: a plain issuer URL may belong to Entra,
 * and a custom profile could leave out the member that turns the check on.
 */
function hasMatchingTenant(claims: JsonObject, { issuer }: ClaimContext): Refusal | undefined {
  const tid = own(claims, 'tid')
  if (typeof tid !== 'string' || !uuid.test(tid)) return undefined
  const tenants = issuer.issuer.split('/').filter((part) => uuid.test(part))
  if (tenants.length === 0) return undefined
  if (tenants.some((tenant) => tenant.toLowerCase() === tid.toLowerCase())) return undefined
  return refuse('claim_malformed', 'tid does not match the tenant in iss')
}

/** Checks the roles and permissions, if the profile says where they are. */
function hasWellFormedRoles(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  if (!profile.roles && !profile.permissions) return undefined
  const paths = [...(profile.roles ?? []), ...(profile.permissions ?? [])]
  const wrong = paths.find((path) => !readNames(claims, [path]))
  if (!wrong) return undefined
  const expected = wrong.format === 'keys' ? 'an object' : 'a string or a list of strings'
  return refuse('claim_malformed', `${wrong.path.join('.')} is malformed, expected ${expected}`)
}

/**
 * Checks `exp` and `nbf` (RFC 7519 sections 4.1.4 and 4.1.5). An `iat` in the future is accepted,
 * because the issuer's clock may be ahead.
 */
function isCurrent(claims: JsonObject, { policy, now }: ClaimContext): Refusal | undefined {
  const exp = own(claims, 'exp') as number
  const nbf = own(claims, 'nbf') as number | undefined
  if (now - policy.clockTolerance >= exp) {
    return refuse(
      'token_expired',
      `exp was ${round(now - exp)} s ago; clockTolerance is ${policy.clockTolerance} s`,
    )
  }
  if (nbf !== undefined && now + policy.clockTolerance < nbf) {
    return refuse(
      'token_not_yet_valid',
      `nbf is ${round(nbf - now)} s in the future; clockTolerance is ${policy.clockTolerance} s`,
    )
  }
  return undefined
}

/**
 * Checks the time from `iat` to `exp`. An `iat` in the future counts as the current time plus the
 * clock tolerance, so it cannot make a long lifetime look short.
 */
function isWithinMaxLifetime(
  claims: JsonObject,
  { policy, now }: ClaimContext,
): Refusal | undefined {
  if (policy.maxLifetime === undefined) return undefined
  const start = Math.min(own(claims, 'iat') as number, now + policy.clockTolerance)
  const lifetime = (own(claims, 'exp') as number) - start
  if (lifetime <= policy.maxLifetime) return undefined
  return refuse(
    'lifetime_too_long',
    `the token's lifetime is ${round(lifetime)} s; maxLifetime is ${policy.maxLifetime} s`,
  )
}

/** Refuses a token whose audience does not include this service (RFC 7519 section 4.1.3). */
function hasExpectedAudience(
  claims: JsonObject,
  { audience, issuer }: ClaimContext,
): Refusal | undefined {
  const found = audienceOf(claims, issuer.profile)
  if (!found.every(isNonEmptyString)) {
    return refuse(
      'claim_malformed',
      'the audience is not a non-empty string or a list of non-empty strings',
    )
  }
  return checkAudience(found, audience, issuer.profile)
}

/**
 * Refuses a token that is bound to a key (`cnf`, RFC 7800) in a way that cannot be checked. Whether the
 * request proves the binding is checked for every request, in `binding/`.
 */
function hasCheckableBinding(claims: JsonObject): Refusal | undefined {
  if (!Object.hasOwn(claims, 'cnf')) return undefined
  const confirmation = readConfirmation(claims['cnf'])
  return confirmation instanceof Refusal ? confirmation : undefined
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

/**
 * Whether a value is a NumericDate (RFC 7519 section 2): seconds, with or without a fraction. JSON
 * such as `1e400` parses to `Infinity`, which the upper bound excludes.
 */
function isNumericDate(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= maxNumericDate
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
